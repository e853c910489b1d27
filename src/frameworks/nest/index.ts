/**
 * `onceward/nest`: idempotency as an interceptor of NestJS 11, on Express and on Fastify.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import {
  createEngine,
  type HttpAttempt,
  type HttpEngine,
  type HttpOptions,
  serveWatched,
} from '../../http/index.ts'
import type { Onceward } from '../../index.ts'
import { isMeantAsAnswer, type ObservableLike, watchErrors } from './errors.ts'

/** What is used of the request, which is Express's or Fastify's. */
export interface NestRequest {
  readonly headers: IncomingMessage['headers']
  readonly originalUrl: string
  readonly body?: unknown
  /** The attempt that this request is; absent where it is not guarded. */
  onceward?: HttpAttempt
}

/** What is used of Nest's `ExecutionContext`. */
export interface ExecutionContextLike {
  getType(): string
  switchToHttp(): { getRequest<T>(): T; getResponse<T>(): T }
}

/** A `NestInterceptor`, without the framework's own types. */
export interface IdempotencyInterceptor {
  intercept<Source extends ObservableLike>(
    context: ExecutionContextLike,
    next: { handle(): Source },
  ): Source | Promise<Source>
}

/**
 * An interceptor that runs the handlers behind it once for each key; the attempt is at `request.onceward`.
 *
 * ```ts
 * app.useGlobalInterceptors(idempotency(once, { caller: (request) => request.user.id }))
 * ```
 *
 * Guards run before it, so that `caller` finds who was authenticated; pipes and the handler run inside. The route's
 * template names the operation. Throws `OPTION_INVALID`.
 */
export function idempotency<Request extends NestRequest = NestRequest>(
  once: Onceward,
  options: HttpOptions<Request>,
): IdempotencyInterceptor {
  const engine = createEngine(once, options)
  return {
    intercept: (context, next) => {
      if (context.getType() !== 'http') return next.handle()
      const http = context.switchToHttp()
      const request = http.getRequest<Request & PlatformRequest>()
      // Guarded already, by an interceptor further out.
      if (request.onceward !== undefined) return next.handle()
      return serve(engine, { request, response: http.getResponse(), next })
    },
  }
}

/** Express has the request of `node:http` itself, Fastify holds it at `raw`. */
interface PlatformRequest {
  readonly raw?: IncomingMessage
  readonly route?: { readonly path?: unknown }
  readonly routeOptions?: { readonly url?: string }
}
type PlatformResponse = ServerResponse & { readonly raw?: ServerResponse }

interface Call<Request, Source> {
  readonly request: Request & PlatformRequest
  readonly response: PlatformResponse
  readonly next: { handle(): Source }
}

/** Resolves when the handler is to run. Where the answer is given here it never does, and Nest writes nothing. */
function serve<Request extends NestRequest, Source extends ObservableLike>(
  engine: HttpEngine<Request>,
  { request, response, next }: Call<Request, Source>,
): Promise<Source> {
  return new Promise((resolve, reject) => {
    serveWatched<Request>(engine, {
      request: request.raw ?? (request as unknown as IncomingMessage),
      response: response.raw ?? response,
      native: request,
      target: request.originalUrl,
      template: templateOf(request),
      parsed: request,
      ...(response.raw === undefined ? {} : { prepare: lending(response, response.raw) }),
      pass: () => resolve(next.handle()),
      run: (attempt, watcher) => {
        request.onceward = attempt
        resolve(watchErrors(next.handle(), watcher))
      },
      isRefusal: isMeantAsAnswer,
    }).catch(reject)
  })
}

/** Fastify keeps headers to itself until it sends. */
function lending(reply: { getHeaders(): OutgoingHttpHeaders }, response: ServerResponse): () => void {
  const headers = reply.getHeaders()
  return () => {
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) response.setHeader(name, value)
  }
}

function templateOf({ route, routeOptions }: PlatformRequest): string | undefined {
  const path = routeOptions?.url ?? route?.path
  return typeof path === 'string' ? path : undefined
}
