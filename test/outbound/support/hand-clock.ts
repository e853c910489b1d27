import type { Runtime, Timer } from '../../../src/kernel/runtime.ts'

interface Pending {
  readonly dueMs: number
  readonly callback: () => void
}

/**
 * Time beside real sockets. What a call waits for by itself (a retry) happens at once, and the clock has then moved on
 * by that much; limits on others (time-outs, hedges, saturation) are reached only when a test says so.
 */
export class HandClock implements Runtime {
  /** How long each retry was waited for. */
  readonly waits: number[] = []
  /** Sets retries going by itself. */
  isAutomatic = true
  #elapsedMs = 0
  readonly #background = new Set<Pending>()
  readonly #foreground = new Set<Pending>()
  #seed = 7

  wallMs(): number {
    return Date.UTC(2026, 0, 15, 12) + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  setTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer {
    const pending = { dueMs: this.#elapsedMs + delayMs, callback }
    const timers = options?.background === true ? this.#background : this.#foreground
    timers.add(pending)
    if (timers === this.#foreground) {
      this.waits.push(delayMs)
      setImmediate(() => {
        if (this.isAutomatic) this.#fire(this.#foreground, pending)
      })
    }
    return { cancel: () => void timers.delete(pending) }
  }

  /** Timers that are set. */
  get pending(): { readonly background: number; readonly foreground: number } {
    return { background: this.#background.size, foreground: this.#foreground.size }
  }

  /** Lets `ms` pass: every limit that is reached by then is. */
  advance(ms: number): void {
    this.#elapsedMs += ms
    for (const pending of [...this.#background, ...this.#foreground]) {
      if (pending.dueMs > this.#elapsedMs) continue
      this.#fire(this.#background, pending)
      this.#fire(this.#foreground, pending)
    }
  }

  #fire(timers: Set<Pending>, pending: Pending): void {
    if (!timers.delete(pending)) return
    this.#elapsedMs = Math.max(this.#elapsedMs, pending.dueMs)
    pending.callback()
  }

  endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256))
  }

  random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647
    return this.#seed / 2_147_483_647
  }
}
