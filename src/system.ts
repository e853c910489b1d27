import { randomBytes } from 'node:crypto'
import type { Runtime, Timer } from './kernel/runtime.ts'

const pool = { bytes: new Uint8Array(0), used: 0 }
const poolBytes = 4096

/** Random bytes out of a pool, each given away once: asking the kernel for 16 at a time costs more than the bytes. */
function drawn(length: number): Uint8Array {
  if (length > poolBytes / 4) return randomBytes(length)
  if (pool.used + length > pool.bytes.length) {
    // A Buffer's slice would be a view, and the bytes given away would be wiped with the pool.
    pool.bytes = new Uint8Array(randomBytes(poolBytes))
    pool.used = 0
  }
  const from = pool.used
  pool.used += length
  const bytes = pool.bytes.slice(from, pool.used)
  pool.bytes.fill(0, from, pool.used)
  return bytes
}

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout

  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }
}

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
    return new SystemTimer(handle)
  },
  endOfTurn: (callback) => {
    setImmediate(callback)
  },
  randomBytes: (length) => drawn(length),
  random: () => Math.random(),
}
