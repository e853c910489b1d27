import type { Attempt, StepEffect, StepOptions } from '../ledger/onceward.ts'
import { answerOf, packAnswer } from './answer.ts'
import type { Answer, AnswerInit, HttpAttempt } from './message.ts'

/** What an attempt needs of the run that it belongs to. */
export interface RunningAttempt {
  readonly shownKey: string | readonly string[]
  replays(name: string): boolean
  /** Is told the answer of a committed transaction. */
  committed(answer: Answer): void
}

/** The ledger's attempt, with a transaction that commits an answer. */
export class GuardedAttempt implements HttpAttempt {
  readonly key: string | readonly string[]
  readonly #attempt: Attempt
  readonly #run: RunningAttempt

  constructor(attempt: Attempt, run: RunningAttempt) {
    this.#attempt = attempt
    this.#run = run
    this.key = run.shownKey
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
      return packAnswer(answer, (name) => this.#run.replays(name))
    }
    await this.#attempt.transaction<unknown, Client>((client) => {
      const init = work(client)
      return init instanceof Promise ? init.then(pack) : pack(init)
    })
    this.#run.committed(answer as Answer)
    return answer as Answer
  }
}
