/**
 * What the outside world gives to the ledger: time, timers and randomness.
 *
 * Nothing in kernel or ledger reads a clock, sets a timer or draws a random number by itself; a simulation passes
 * its own `Runtime` and drives the very code that production runs. The real one is `src/system.ts`.
 */
export interface Runtime {
  /** Wall clock, milliseconds since the Unix epoch. Fractions give microseconds. May jump. */
  wallMs(): number
  /** Monotonic clock, milliseconds since an arbitrary origin. Never falls, but may stand still while a machine sleeps. */
  monotonicMs(): number
  /** Calls `callback` once after at least `delayMs`. A background timer does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer
  /** Calls `callback` when the current turn of the event loop is over, before any timer. */
  endOfTurn(callback: () => void): void
  /** `length` bytes nobody can guess: owner tokens and lineage nonces are made of them. */
  randomBytes(length: number): Uint8Array
  /** A number in [0, 1), for jitter. */
  random(): number
}

/** A pending timer. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

/** Resolves after `delayMs`, or at once when `signal` aborts. */
export function delay(runtime: Runtime, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const onAbort = (): void => {
      timer.cancel()
      resolve()
    }
    const timer = runtime.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Exponential backoff with full jitter: a random share of `baseMs * 2^tries`, never above `capMs`. */
export function fullJitterMs(
  runtime: Runtime,
  tries: number,
  bounds: { baseMs: number; capMs: number },
): number {
  const ceilingMs = Math.min(bounds.capMs, bounds.baseMs * 2 ** Math.min(tries, 20))
  return runtime.random() * ceilingMs
}
