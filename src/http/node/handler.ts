import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Onceward } from '../../ledger/onceward.ts'
import { createEngine } from '../engine.ts'
import type { HttpAttempt } from '../message.ts'
import type { HttpOptions } from '../options.ts'
import { serveNode } from './serve.ts'

/** A request as the handler sees it. `onceward` is absent where the request is not guarded. */
export type GuardedIncomingMessage = IncomingMessage & { onceward?: HttpAttempt }

export type NodeHandler = (request: GuardedIncomingMessage, response: ServerResponse) => unknown

/**
 * A handler for `http.createServer` that runs once for each key.
 *
 * ```ts
 * createServer(nodeHandler(once, { caller: (request) => accountOf(request) }, async (request, response) => { … }))
 * ```
 *
 * Throws `OPTION_INVALID`.
 */
export function nodeHandler(
  once: Onceward,
  options: HttpOptions<IncomingMessage>,
  handler: NodeHandler,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const engine = createEngine(once, options)
  return async (request, response) => {
    try {
      await serveNode(engine, {
        request,
        response,
        native: request,
        proceed: (attempt) => {
          const guarded: GuardedIncomingMessage = request
          if (attempt !== undefined) guarded.onceward = attempt
          return handler(guarded, response)
        },
      })
    } catch (error) {
      engine.onError(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    }
  }
}
