import { AsyncLocalStorage } from 'node:async_hooks'
import type { HttpAttempt } from '../../http/index.ts'
import type { TransactionClient } from '../../ledger/onceward.ts'
import { grpcStatus } from '../status.ts'

/** What the handler of a guarded call gets from `grpcAttempt()`. */
export interface GrpcAttempt extends Omit<HttpAttempt, 'transaction'> {
  /**
   * Commits the caller's SQL, the response message and the entry together (rule 10 of the ledger). The message that
   * `work` returns is sent, whatever the handler does afterwards. SQLite: `work` must be synchronous. Throws
   * `OPTION_INVALID` on stores without transactions, and `LEASE_LOST`.
   */
  transaction<Message, Client = TransactionClient>(
    work: (client: Client) => Message | Promise<Message>,
  ): Promise<Message>
}

const current = new AsyncLocalStorage<GrpcAttempt>()

/** The attempt that the present handler runs in; `undefined` where its call is not guarded, and outside of handlers. */
export function grpcAttempt(): GrpcAttempt | undefined {
  return current.getStore()
}

/** Runs a handler, so that `grpcAttempt` finds its attempt. */
export function inAttempt<T>(
  attempt: HttpAttempt,
  serialize: (message: unknown) => Uint8Array,
  run: () => T,
): T {
  return current.run(new HandlerAttempt(attempt, serialize), run)
}

class HandlerAttempt implements GrpcAttempt {
  readonly #attempt: HttpAttempt
  readonly #serialize: (message: unknown) => Uint8Array
  readonly step: HttpAttempt['step']

  constructor(attempt: HttpAttempt, serialize: (message: unknown) => Uint8Array) {
    this.#attempt = attempt
    this.#serialize = serialize
    this.step = attempt.step.bind(attempt)
  }

  get key(): string | readonly string[] {
    return this.#attempt.key
  }

  get effectKey(): string {
    return this.#attempt.effectKey
  }

  get number(): number {
    return this.#attempt.number
  }

  get fence(): HttpAttempt['fence'] {
    return this.#attempt.fence
  }

  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  async transaction<Message, Client = TransactionClient>(
    work: (client: Client) => Message | Promise<Message>,
  ): Promise<Message> {
    let message: Message | undefined
    const pack = (made: Message): { headers: Record<string, string>; body: Uint8Array } => {
      message = made
      return { headers: { 'grpc-status': String(grpcStatus.OK) }, body: this.#serialize(made) }
    }
    await this.#attempt.transaction<Client>((client) => {
      const made = work(client)
      return made instanceof Promise ? made.then(pack) : pack(made)
    })
    return message as Message
  }
}
