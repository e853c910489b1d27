import type { Runtime } from '../../kernel/runtime.ts'

const maxCallers = 10_000

/** A bucket of requests for each caller; it fills up again evenly. */
export class Rates {
  readonly #runtime: Runtime
  readonly #perMinute: number
  readonly #buckets = new Map<string, { left: number; atMs: number }>()

  constructor(runtime: Runtime, perMinute: number) {
    this.#runtime = runtime
    this.#perMinute = perMinute
  }

  /** Milliseconds until the next request may come; 0: this one may. */
  take(caller: string): number {
    const nowMs = this.#runtime.monotonicMs()
    const full = this.#perMinute
    const bucket = this.#buckets.get(caller) ?? { left: full, atMs: nowMs }
    bucket.left = Math.min(full, bucket.left + ((nowMs - bucket.atMs) / 60_000) * full)
    bucket.atMs = nowMs
    // The one that was seen longest ago has filled up most.
    this.#buckets.delete(caller)
    this.#buckets.set(caller, bucket)
    if (this.#buckets.size > maxCallers) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    if (bucket.left < 1) return Math.ceil(((1 - bucket.left) / full) * 60_000)
    bucket.left -= 1
    return 0
  }
}
