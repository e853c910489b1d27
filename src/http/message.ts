import type { Attempt, TransactionClient } from '../ledger/onceward.ts'

/** A request as an adapter describes it. Cheap to make: nothing here is read before it is needed. */
export interface HttpRequest<Native = unknown> {
  /** Upper case. */
  readonly method: string
  /** Path and query as they were sent: `/orders/42?dry=1`. */
  readonly target: string
  /** `/orders/:id`, where a router knows it. It names the operation instead of the path. */
  readonly template?: string | undefined
  /** The value of a header by its lower-case name; several lines joined by `, `. */
  header(name: string): string | undefined
  /** The framework's own request: what `caller`, `naturalKey` and the like are given. */
  readonly native: Native
}

/** What is at hand of a request's body. With neither, the body is empty. */
export interface HttpBody {
  /** Exactly as it was sent. */
  readonly bytes?: Uint8Array | undefined
  /** What the framework has made of it, where it has. */
  readonly parsed?: unknown
}

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/** A whole answer. Names in `headers` are in lower case; a name may come several times. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderPairs
  /** Text is sent as UTF-8. It stays text where it came as such: sockets take it in one piece with the head. */
  readonly body: string | Uint8Array
}

/** What a transaction returns: it is committed with the caller's rows, sent, and replayed. */
export interface AnswerInit {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes are sent as they are; anything else as JSON. */
  readonly body?: unknown
}

/** What the handler's answer came to, as a capture saw it. */
export type Captured =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Larger than is kept: it is on its way to the client already. */
  | {
      readonly kind: 'live'
      readonly head: Omit<Answer, 'body'>
      /** Resolves with the number of bytes sent; rejects where the answer broke off. */
      readonly done: Promise<number>
    }

/** Runs the handler, once at most, and gives what it answered. Rejects with what it threw. */
export type Perform = (attempt: HttpAttempt) => Promise<Captured>

/** What a handler finds at `request.onceward`. */
export interface HttpAttempt extends Omit<Attempt, 'transaction'> {
  /** The client's key, or the parts of the natural key. */
  readonly key: string | readonly string[]
  /**
   * Commits the caller's SQL, the answer and the entry together (rule 10 of the ledger). What `work` returns is sent,
   * whatever the handler does afterwards. SQLite: `work` must be synchronous. Throws `OPTION_INVALID` on stores without
   * transactions, and `LEASE_LOST`.
   */
  transaction<Client = TransactionClient>(
    work: (client: Client) => AnswerInit | Promise<AnswerInit>,
  ): Promise<Answer>
}

/** What an adapter does with a guarded request. */
export type Reply =
  /** No key, and none is required: the handler runs as if nothing were in front of it. */
  | { readonly kind: 'pass' }
  /** Recorded: to be sent now. `handler`: what the handler answered in this very request. */
  | {
      readonly kind: 'answer'
      readonly source: 'handler' | 'replay' | 'problem'
      readonly answer: Answer
      readonly ref?: string | undefined
    }
  /** The capture is sending it. */
  | { readonly kind: 'live' }
  /** The handler threw, and that is recorded: the framework's own error handling may answer now. */
  | {
      readonly kind: 'threw'
      readonly error: unknown
      readonly answer: Answer
      readonly ref?: string | undefined
    }
