import { writeAnswer } from '../http/node/write-answer.ts'
import type { Onceward } from '../ledger/onceward.ts'
import type { Exchange } from './context.ts'

/** How long one answer of the store is believed: a health check must not become a load. */
const believedMs = 1000
const storeAnswerMs = 2000

/** Whether the gateway can take guarded requests: it listens, is not stopping, and its store answers. */
export class Health {
  isStopping = false
  readonly #once: Onceward
  #asked: { readonly atMs: number; readonly answers: Promise<boolean> } | undefined

  constructor(once: Onceward) {
    this.#once = once
  }

  async answer({ response }: Exchange): Promise<void> {
    const isStoreUp = await this.#storeAnswers()
    const isWell = isStoreUp && !this.isStopping
    const body = {
      status: this.isStopping ? 'stopping' : isWell ? 'ok' : 'store-unavailable',
      store: isStoreUp ? 'ok' : 'unavailable',
    }
    const headers = [
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
    ] as const
    writeAnswer(response, { status: isWell ? 200 : 503, headers, body: JSON.stringify(body) })
  }

  #storeAnswers(): Promise<boolean> {
    const nowMs = performance.now()
    if (this.#asked === undefined || nowMs - this.#asked.atMs > believedMs)
      this.#asked = { atMs: nowMs, answers: this.#ask() }
    return this.#asked.answers
  }

  async #ask(): Promise<boolean> {
    const late = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => late.resolve(false), storeAnswerMs)
    const answer = this.#once.entries({ limit: 1 }).then(
      () => true,
      () => false,
    )
    const isUp = await Promise.race([answer, late.promise])
    clearTimeout(timer)
    return isUp
  }
}
