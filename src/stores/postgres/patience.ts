import type { Runtime } from '../../kernel/runtime.ts'

/** What waits for an answer, and can be told that none is to come. */
interface Waiting {
  giveUp(): void
}

/**
 * How long a statement may take. A connection whose other end has vanished without a word would otherwise keep its
 * place in the pool for ever. One timer looks after all statements: one each would cost a tenth of a small statement.
 */
export class Patience {
  readonly #runtime: Runtime
  readonly #limitMs: number
  readonly #since = new Map<Waiting, number>()
  #isTimed = false

  constructor(runtime: Runtime, limitMs: number) {
    this.#runtime = runtime
    this.#limitMs = limitMs
  }

  begin(waiting: Waiting): void {
    this.#since.set(waiting, this.#runtime.monotonicMs())
    this.#lookAfter(this.#limitMs)
  }

  end(waiting: Waiting): void {
    this.#since.delete(waiting)
  }

  #lookAfter(delayMs: number): void {
    if (this.#isTimed) return
    this.#isTimed = true
    this.#runtime.setTimer(delayMs, () => {
      this.#isTimed = false
      this.#look()
    })
  }

  #look(): void {
    const nowMs = this.#runtime.monotonicMs()
    for (const [waiting, sinceMs] of this.#since) {
      if (nowMs - sinceMs >= this.#limitMs) waiting.giveUp()
    }
    const [oldestMs] = this.#since.values()
    if (oldestMs === undefined) return
    this.#lookAfter(Math.max(oldestMs + this.#limitMs - nowMs, this.#limitMs / 4))
  }
}
