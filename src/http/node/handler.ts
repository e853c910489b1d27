import type { ServerResponse } from 'node:http'
import type { Onceward } from '../../ledger/onceward.ts'
import { createEngine } from '../engine.ts'
import type { HttpAttempt } from '../message.ts'
import type { HttpOptions } from '../options.ts'
import { serveNode } from './serve.ts'
import type { NodeRequestLike, NodeResponseLike } from './types.ts'

/** `onceward` is absent where the request is not guarded. */
export type NodeHandler<Request, Response> = (
  request: Request & { onceward?: HttpAttempt },
  response: Response,
) => unknown

/**
 * A handler for `http.createServer` that runs once for each key.
 *
 * ```ts
 * const handler = nodeHandler<IncomingMessage, ServerResponse>(once, { caller: accountOf }, async (request, response) => { … })
 * createServer((request, response) => void handler(request, response))
 * ```
 *
 * Throws `OPTION_INVALID`.
 */
export function nodeHandler<Request extends NodeRequestLike, Response extends NodeResponseLike>(
  once: Onceward,
  options: HttpOptions<Request>,
  handler: NodeHandler<Request, Response>,
): (request: Request, response: Response) => Promise<void> {
  const engine = createEngine(once, options)
  return async (request, response) => {
    try {
      await serveNode(engine, {
        request,
        response,
        native: request,
        proceed: (attempt) => {
          const guarded: Request & { onceward?: HttpAttempt } = request
          if (attempt !== undefined) guarded.onceward = attempt
          return handler(guarded, response)
        },
      })
    } catch (error) {
      engine.onError(error)
      giveUp(response as object as ServerResponse)
    }
  }
}

function giveUp(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(500).end()
}
