import type { Attempt, StepEffect, StepOptions } from '../ledger/onceward.ts'
import { answerOf, packAnswer } from './answer.ts'
import type { Answer, AnswerInit, HttpAttempt } from './message.ts'

/** The ledger's attempt, with a transaction that commits an answer. */
export class GuardedAttempt implements HttpAttempt {
  readonly key: string | readonly string[]
  /** Is told the answer of a committed transaction. */
  onCommitted: ((answer: Answer) => void) | undefined
  readonly #attempt: Attempt
  readonly #replays: (name: string) => boolean

  constructor(attempt: Attempt, key: string | readonly string[], replays: (name: string) => boolean) {
    this.#attempt = attempt
    this.key = key
    this.#replays = replays
  }

  get effectKey(): string {
    return this.#attempt.effectKey
  }

  get number(): number {
    return this.#attempt.number
  }

  get fence(): Attempt['fence'] {
    return this.#attempt.fence
  }

  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  step<T>(name: string, options: StepOptions | StepEffect<T>, effect?: StepEffect<T>): Promise<T> {
    return typeof options === 'function'
      ? this.#attempt.step(name, options)
      : this.#attempt.step(name, options, effect as StepEffect<T>)
  }

  async transaction<Client>(work: (client: Client) => AnswerInit | Promise<AnswerInit>): Promise<Answer> {
    let answer: Answer | undefined
    const pack = (init: AnswerInit): unknown => {
      answer = answerOf(init)
      return packAnswer(answer, this.#replays)
    }
    await this.#attempt.transaction<unknown, Client>((client) => {
      const init = work(client)
      return init instanceof Promise ? init.then(pack) : pack(init)
    })
    this.onCommitted?.(answer as Answer)
    return answer as Answer
  }
}
