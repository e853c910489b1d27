import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { HeaderPairs } from '../http/message.ts'
import { readThrown } from '../kernel/errors.ts'
import type { GatewayRules, SendFailure } from './decisions.ts'
import type { ReceivedHeaders } from './headers.ts'

/** A request as it is written to the upstream. */
export interface Outgoing {
  readonly method: string
  readonly path: string
  /** Names and values in turn. */
  readonly headers: string[]
  readonly body: Uint8Array | Readable | null
  /** For the head of the answer to come. */
  readonly answerMs: number
  /** For a connection to be free: what still waits by then is never sent. */
  readonly beginMs: number
}

/** What can be done about an answer on its way. */
export interface Flow {
  pause(): void
  resume(): void
  /** Breaks the connection off. */
  stop(): void
}

/** Is told of an answer as it comes. `failed` ends it wherever it stood; otherwise `end` does. */
export interface Receiver {
  head(head: { readonly status: number; readonly headers: HeaderPairs }, flow: Flow): void
  data(chunk: Uint8Array): void
  end(): void
  failed(failure: SendFailure, error: Error): void
}

/** Sends a request, once: one that would be written a second time, or too late, is not. */
export function send(
  pool: Dispatcher,
  rules: Pick<GatewayRules, 'sendFailure' | 'responseHeaders'>,
  { outgoing, receiver }: { readonly outgoing: Outgoing; readonly receiver: Receiver },
): void {
  const { method, path, headers, body, answerMs, beginMs } = outgoing
  const handler = new SendHandler(rules, receiver)
  const options = { method, path, headers, body, headersTimeout: answerMs }
  pool.dispatch(options, handler)
  // On a free connection it has been written by now.
  handler.beginWithin(beginMs)
}

class SendHandler implements Dispatcher.DispatchHandler {
  readonly #rules: Pick<GatewayRules, 'sendFailure' | 'responseHeaders'>
  readonly #receiver: Receiver
  #hasBegun = false
  #hasFailed = false
  #waiting: NodeJS.Timeout | undefined

  constructor(rules: Pick<GatewayRules, 'sendFailure' | 'responseHeaders'>, receiver: Receiver) {
    this.#rules = rules
    this.#receiver = receiver
  }

  beginWithin(beginMs: number): void {
    if (this.#hasBegun || this.#hasFailed) return
    const tooLate = (): void => this.#failed('not-sent', new Error('no connection to the upstream was free'))
    this.#waiting = setTimeout(tooLate, beginMs)
  }

  #failed(failure: SendFailure, error: Error): void {
    clearTimeout(this.#waiting)
    if (this.#hasFailed) return
    this.#hasFailed = true
    this.#receiver.failed(failure, error)
  }

  /** Comes in the very turn in which the head is written, and not before. */
  onRequestStart(): void {
    if (this.#hasBegun) throw new Error('the request would have been written twice')
    if (this.#hasFailed) throw new Error('the request waited too long to be sent')
    this.#hasBegun = true
    clearTimeout(this.#waiting)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    received: ReceivedHeaders,
  ): void {
    if (status < 200) return
    const flow: Flow = {
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      stop: () => controller.abort(new Error('the client left')),
    }
    this.#receiver.head({ status, headers: this.#rules.responseHeaders(received) }, flow)
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#receiver.data(chunk)
  }

  /** Trailers are dropped. */
  onResponseEnd(): void {
    this.#receiver.end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const failure = this.#rules.sendFailure({ hasBegun: this.#hasBegun, code: readThrown(error).code })
    this.#failed(failure, error)
  }
}
