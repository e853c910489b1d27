/**
 * `onceward/express`: idempotency as middleware of Express 4 and 5, for an application, a router or a route.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createEngine,
  type HttpAttempt,
  type HttpOptions,
  isRefusal,
  serveWatched,
} from '../../http/index.ts'
import type { Onceward } from '../../index.ts'
import { watchErrors } from './errors.ts'

declare global {
  // What Express lets others add to its requests.
  namespace Express {
    interface Request {
      /** The attempt that this request is; absent where it is not guarded. */
      onceward?: HttpAttempt
    }
  }
}

/** What is used of Express's request. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string
  readonly baseUrl: string
  readonly app?: object
  readonly route?: unknown
  readonly body?: unknown
  onceward?: HttpAttempt
}

export type ExpressMiddleware<Request extends ExpressRequest = ExpressRequest> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Middleware that runs what is behind it once for each key; the attempt is at `request.onceward`.
 *
 * ```ts
 * app.post('/orders', idempotency(once, { caller: (request) => request.user.id }), async (request, response) => { … })
 * ```
 *
 * On a route its template names the operation, before routing the path does. Throws `OPTION_INVALID`.
 */
export function idempotency<Request extends ExpressRequest = ExpressRequest>(
  once: Onceward,
  options: HttpOptions<Request>,
): ExpressMiddleware<Request> {
  const engine = createEngine(once, options)
  return (request, response, next) => {
    // Guarded already, by a middleware further out.
    if (request.onceward !== undefined) return next()
    serveWatched(engine, {
      request,
      response,
      native: request,
      target: request.originalUrl,
      template: templateOf(request),
      parsed: request,
      pass: next,
      run: (attempt, watcher) => {
        request.onceward = attempt
        watchErrors(request, watcher)
        next()
      },
      isRefusal,
    }).catch(next)
    return undefined
  }
}

/** `/shops/:shop/orders`, where the router has it by now: in middleware of a route. */
function templateOf({ baseUrl, route }: ExpressRequest): string | undefined {
  const { path } = (route ?? {}) as { readonly path?: unknown }
  return typeof path === 'string' ? baseUrl + path : undefined
}
