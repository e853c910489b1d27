import type { Runtime } from '../kernel/runtime.ts'
import { delay } from '../kernel/runtime.ts'
import type { Store } from '../ledger/store.ts'

/** How long one answer of the store is believed: a health check must not become a load. */
const believedMs = 1000
const storeAnswerMs = 2000

export interface Health {
  readonly status: 'ok' | 'stopping' | 'store-unavailable'
  readonly store: 'ok' | 'unavailable'
}

/** Whether the server can take requests: it is not stopping, and its store answers. */
export class Readiness {
  isStopping = false
  readonly #store: Store
  readonly #runtime: Runtime
  #asked: { readonly atMs: number; readonly answers: Promise<boolean> } | undefined

  constructor(store: Store, runtime: Runtime) {
    this.#store = store
    this.#runtime = runtime
  }

  async look(): Promise<Health> {
    const nowMs = this.#runtime.monotonicMs()
    if (this.#asked === undefined || nowMs - this.#asked.atMs > believedMs)
      this.#asked = { atMs: nowMs, answers: this.#ask() }
    const isUp = await this.#asked.answers
    const status = this.isStopping ? 'stopping' : isUp ? 'ok' : 'store-unavailable'
    return { status, store: isUp ? 'ok' : 'unavailable' }
  }

  async #ask(): Promise<boolean> {
    const over = new AbortController()
    const answer = this.#store.records.read({ stream: 'health', limit: 1 }).then(
      () => true,
      () => false,
    )
    const late = delay(this.#runtime, storeAnswerMs, over.signal).then(() => false)
    const isUp = await Promise.race([answer, late])
    over.abort()
    return isUp
  }
}
