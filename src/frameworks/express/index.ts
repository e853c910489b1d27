/**
 * `onceward/express`: idempotency as middleware of Express 4 and 5, for an application, a router or a route.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createEngine,
  type HttpAttempt,
  type HttpOptions,
  isRefusal,
  type NodeExchange,
  parsedBody,
  serveNode,
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
 * Middleware that runs what is behind it once for each key.
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
    const exchange = {
      request,
      response,
      native: request,
      target: request.originalUrl,
      template: templateOf(request),
      ...handling(request, next),
    }
    let served: Promise<void>
    try {
      const body = parsedBody(request, request)
      served = serveNode(engine, body === undefined ? exchange : { ...exchange, body: () => body })
    } catch (error) {
      return next(error)
    }
    served.then(exchange.served, next)
    return undefined
  }
}

type Handling = Pick<NodeExchange, 'proceed' | 'thrown'> & { readonly served: () => void }

/** Runs the handlers behind; what they throw is recorded first and given to Express's error handlers then. */
function handling(request: ExpressRequest, next: (error?: unknown) => void): Handling {
  let goOn: (() => void) | undefined
  let isServed = false
  return {
    proceed: (attempt) => {
      if (attempt === undefined) return next()
      request.onceward = attempt
      return new Promise((_, reject) => {
        watchErrors(request, (error, pass) => {
          if (isRefusal(error)) return pass()
          reject(error)
          if (isServed) pass()
          else goOn = pass
        })
        next()
      })
    },
    thrown: () => goOn?.(),
    served: () => {
      isServed = true
    },
  }
}

/** `/shops/:shop/orders`, where the router has it by now: in middleware of a route. */
function templateOf({ baseUrl, route }: ExpressRequest): string | undefined {
  const { path } = (route ?? {}) as { readonly path?: unknown }
  return typeof path === 'string' ? baseUrl + path : undefined
}
