import type { Onceward } from '../../ledger/onceward.ts'
import { createEngine } from '../engine.ts'
import type { HttpAttempt } from '../message.ts'
import type { HttpOptions } from '../options.ts'
import { serveFetch } from './serve.ts'

/** A request as the handler sees it. `onceward` is absent where the request is not guarded. */
export type GuardedRequest = Request & { onceward?: HttpAttempt }

export type FetchHandler<Rest extends readonly unknown[]> = (
  request: GuardedRequest,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * A fetch-style handler (Next.js routes, Bun, Deno, Workers) that runs once for each key. What comes behind the request
 * is passed on.
 *
 * ```ts
 * export const POST = fetchHandler(once, { caller: (request) => accountOf(request) }, async (request) => Response.json(…))
 * ```
 *
 * Throws `OPTION_INVALID`.
 */
export function fetchHandler<Rest extends readonly unknown[]>(
  once: Onceward,
  options: HttpOptions<Request>,
  handler: FetchHandler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const engine = createEngine(once, options)
  return (request, ...rest) =>
    serveFetch(engine, {
      request,
      native: request,
      proceed: (attempt) => {
        const guarded: GuardedRequest = request
        if (attempt !== undefined) guarded.onceward = attempt
        return handler(guarded, ...rest)
      },
    })
}
