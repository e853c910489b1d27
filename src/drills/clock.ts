const realNow = Date.now

/**
 * Lets this process's wall clock be wrong by so much from now on, as when somebody sets it. Monotonic time and timers
 * go on undisturbed, as they do then.
 */
export function setClockOffset(offsetMs: number): void {
  Date.now = () => realNow() + offsetMs
}
