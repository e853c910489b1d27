import type { Runtime } from '../kernel/runtime.ts'

/** Resolves after `delayMs`, or at once when `signal` aborts. Keeps no process alive. */
export function pause(runtime: Runtime, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = runtime.setTimer(delayMs, done, { background: true })
    signal.addEventListener('abort', done)
  })
}
