import type { Readable } from 'node:stream'
import type { Intent } from '../ledger/intent.ts'
import type { TargetAnswer } from './target.ts'

/** One logical call. */
export interface ClientRequest {
  readonly method: string
  /** Begins with `/`; put behind the path of `baseUrl`. With the query, if there is one. */
  readonly path: string
  readonly headers?: RequestHeaders | undefined
  /**
   * A string, bytes, a stream, or a JSON value (sent as `application/json`). A stream is sent at most once: such a call
   * is never retried, and cannot be an effect of the ledger.
   */
  readonly body?: unknown
  /** The key to send. Default: derived from `intent`. The same on every attempt. */
  readonly idempotencyKey?: string | undefined
  /** What the call is for. With `once`, it is the entry's. */
  readonly intent?: Intent | undefined
  readonly signal?: AbortSignal | undefined
  /** Over all attempts and waits. Default: the client's. */
  readonly deadlineMs?: number | undefined
}

export type RequestHeaders = Readonly<Record<string, string | number | undefined>>
export type AnswerHeaders = Readonly<Record<string, string | readonly string[]>>

/** A request body as it is written, again on every attempt; a stream only once. */
export type WrittenBody = string | Uint8Array | Readable | null

/** The answer to a call, whole. */
export class ClientResponse implements TargetAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: AnswerHeaders
  readonly body: Buffer
  /** How often the request was sent, or tried to be, by this call. 0 when replayed. */
  readonly attempts: number
  /** The answer is the ledger's: this call sent nothing. */
  readonly replayed: boolean

  constructor(answer: TargetAnswer & { readonly body: Buffer }, attempts: number, replayed = false) {
    this.status = answer.status
    this.headers = answer.headers
    this.body = answer.body
    this.attempts = attempts
    this.replayed = replayed
  }

  text(): string {
    return this.body.toString('utf8')
  }

  /** Throws `SyntaxError` where the body is not JSON. */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T
  }
}
