import { randomBytes } from 'node:crypto'
import type { Runtime } from './kernel/runtime.ts'

/** The machine's own clocks, timers and randomness: the only place in the library that reads them. */
export const systemRuntime: Runtime = {
  // timeOrigin + now() would have microseconds but ignores clock steps after the start; Date.now() sees them.
  wallMs: () => {
    const coarseMs = Date.now()
    const fineMs = performance.timeOrigin + performance.now()
    return Math.abs(fineMs - coarseMs) < 2 ? fineMs : coarseMs
  },
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, callback, options) => {
    const handle = setTimeout(callback, delayMs)
    if (options?.background === true) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  endOfTurn: (callback) => {
    setImmediate(callback)
  },
  randomBytes: (length) => randomBytes(length),
  random: () => Math.random(),
}
