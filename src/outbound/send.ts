import type { Dispatcher } from 'undici'
import type { Permit } from './breaker.ts'
import type { Placed } from '../kernel/bag.ts'
import type { AnswerHeaders, WrittenBody } from './message.ts'

/** A request as it is written to a connection, once. */
export interface Sending {
  readonly method: string
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: WrittenBody
}

export interface ReceivedAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly body: Buffer
}

/** How one send ended. */
export type SendEnd =
  | { readonly kind: 'answered'; readonly answer: ReceivedAnswer }
  | {
      readonly kind: 'failed'
      readonly hasBegun: boolean
      readonly error: Error
      /** Of an answer that had begun. */
      readonly status?: number | undefined
    }

/** Is told of a send as it goes. */
export interface SendListener {
  /** The first byte is being written. */
  begun(send: Send): void
  /** Once, however it ended. */
  ended(send: Send, end: SendEnd): void
}

/** As undici types them; no value is `undefined`. */
type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>

const noBytes = Buffer.alloc(0)

/** One send: undici's handler, which gathers the answer up to a bound. */
export class Send implements Dispatcher.DispatchHandler, Placed {
  readonly sending: Sending
  /** By the monotonic clock. */
  readonly beganAtMs: number
  readonly expiresAtMs: number
  readonly #listener: SendListener
  readonly #maxAnswerBytes: number
  place = -1
  /** Of the circuit through which it went, where there is one. */
  permit: Permit | undefined
  hasBegun = false
  isOver = false
  #controller: Dispatcher.DispatchController | undefined
  #status: number | undefined
  #headers: AnswerHeaders = {}
  #first: Buffer | undefined
  #rest: Buffer[] | undefined
  #bytes = 0

  constructor(
    sending: Sending,
    listener: SendListener,
    limits: { readonly nowMs: number; readonly timeoutMs: number; readonly maxAnswerBytes: number },
  ) {
    this.sending = sending
    this.#listener = listener
    this.beganAtMs = limits.nowMs
    this.expiresAtMs = limits.nowMs + limits.timeoutMs
    this.#maxAnswerBytes = limits.maxAnswerBytes
  }

  /** Ends it from our side. Where it is still in a queue, nothing of it will be written. */
  cancel(error: Error): void {
    if (this.isOver) return
    this.#fail(error)
    this.#controller?.abort(error)
  }

  /** Comes in the very turn in which the head is written, and not before; what it throws keeps the head back. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isOver) throw new Error('this request was given up while it waited for a connection')
    if (this.hasBegun) throw new Error('the request would have been written twice')
    this.hasBegun = true
    this.#controller = controller
    this.#listener.begun(this)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: ReceivedHeaders): void {
    if (status < 200 || this.isOver) return
    this.#status = status
    this.#headers = headers as AnswerHeaders
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxAnswerBytes) {
      const error = new AnswerTooLarge(`The answer is larger than ${this.#maxAnswerBytes} bytes.`)
      this.#fail(error)
      controller.abort(error)
    } else if (this.#first === undefined) this.#first = chunk
    else (this.#rest ??= [this.#first]).push(chunk)
  }

  onResponseEnd(): void {
    if (this.isOver) return
    this.isOver = true
    const body = this.#rest === undefined ? (this.#first ?? noBytes) : Buffer.concat(this.#rest, this.#bytes)
    const answer = { status: this.#status ?? 0, headers: this.#headers, body }
    this.#listener.ended(this, { kind: 'answered', answer })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (!this.isOver) this.#fail(error)
  }

  #fail(error: Error): void {
    this.isOver = true
    this.#listener.ended(this, { kind: 'failed', hasBegun: this.hasBegun, error, status: this.#status })
  }
}

export class AnswerTooLarge extends Error {
  readonly code = 'ANSWER_TOO_LARGE'
}
