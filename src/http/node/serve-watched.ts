import type { HttpEngine } from '../engine.ts'
import type { HttpAttempt, HttpBody } from '../message.ts'
import { parsedBody, type ParsedRequest } from './parsed-body.ts'
import { type NodeExchange, serveNode } from './serve.ts'
import type { NodeRequestLike, NodeResponseLike } from './types.ts'

/**
 * Is told the first error of a handler; `goOn` hands it to the framework, whose error handling then answers. Without it
 * the framework would not answer, and a problem is sent.
 */
export type ErrorWatcher = (error: unknown, goOn?: () => void) => void

/** A request of a framework in which a handler's errors do not come back to who called it. */
export interface WatchedExchange<Native> extends Omit<NodeExchange<Native>, 'proceed' | 'thrown' | 'body'> {
  /** Where body parsers in front leave what they have read. */
  readonly parsed: ParsedRequest
  /** The request is not guarded. */
  pass(): unknown
  /** Goes on to the handler, and tells `watcher` its first error before the framework does anything with it. */
  run(attempt: HttpAttempt, watcher: ErrorWatcher): unknown
  /** Whether an error is how a handler refuses: what the framework then writes is the answer. */
  isRefusal(error: unknown): boolean
}

/**
 * `serveNode` for frameworks that answer errors by themselves. An error is recorded first and handed on then, to answer
 * on a response that is as it was before; one that comes when the client has been answered is handed on at once.
 */
export async function serveWatched<Native>(
  engine: HttpEngine<Native>,
  exchange: WatchedExchange<Native>,
): Promise<void> {
  const watched = new Watched(exchange)
  await serveNode(engine, watched)
  watched.isServed = true
}

class Watched<Native> implements NodeExchange<Native> {
  readonly request: NodeRequestLike
  readonly response: NodeResponseLike
  readonly native: Native
  readonly target: string | undefined
  readonly template: string | undefined
  isServed = false
  readonly #exchange: WatchedExchange<Native>
  readonly #body: HttpBody | undefined
  #handOn: (() => void) | undefined

  constructor(exchange: WatchedExchange<Native>) {
    this.#exchange = exchange
    this.request = exchange.request
    this.response = exchange.response
    this.native = exchange.native
    this.target = exchange.target
    this.template = exchange.template
    this.#body = parsedBody(exchange.request, exchange.parsed)
  }

  body(): HttpBody | undefined {
    return this.#body
  }

  prepare(): unknown {
    return this.#exchange.prepare?.()
  }

  proceed(attempt: HttpAttempt | undefined, fail: (error: unknown) => void): void {
    if (attempt === undefined) return void this.#exchange.pass()
    this.#exchange.run(attempt, (error, goOn) => {
      if (this.#exchange.isRefusal(error)) return goOn?.()
      fail(error)
      if (this.isServed) goOn?.()
      else this.#handOn = goOn
    })
  }

  /** An answer that broke off is no error that the framework has seen. */
  thrown(): unknown {
    return this.#handOn === undefined ? false : this.#handOn()
  }
}
