import type { HttpEngine } from '../engine.ts'
import type { HttpAttempt } from '../message.ts'
import { parsedBody, type ParsedRequest } from './parsed-body.ts'
import { type NodeExchange, serveNode } from './serve.ts'

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
  const { request, response, native, target, template, parsed, prepare } = exchange
  const body = parsedBody(request, parsed)
  let handOn: (() => void) | undefined
  let isServed = false
  await serveNode(engine, {
    request,
    response,
    native,
    target,
    template,
    body: body === undefined ? undefined : () => body,
    ...(prepare === undefined ? {} : { prepare }),
    proceed: (attempt) => {
      if (attempt === undefined) return exchange.pass()
      return new Promise((_, reject) => {
        exchange.run(attempt, (error, goOn) => {
          if (exchange.isRefusal(error)) return goOn?.()
          reject(error)
          if (isServed) goOn?.()
          else handOn = goOn
        })
      })
    },
    // An answer that broke off is no error that the framework has seen.
    thrown: () => (handOn === undefined ? false : handOn()),
  })
  isServed = true
}
