/**
 * `onceward/koa`: idempotency as middleware of Koa 2 and 3, for an application or a route of `@koa/router`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Stream } from 'node:stream'
import {
  createEngine,
  type HttpAttempt,
  type HttpEngine,
  type HttpOptions,
  isRefusal,
  parsedBody,
  type ParsedRequest,
  serveNode,
} from '../../http/index.ts'
import type { Onceward } from '../../index.ts'

/** The state of a guarded context: `new Koa<OncewardState>()`. */
export interface OncewardState {
  /** The attempt that this request is; absent where it is not guarded. */
  onceward?: HttpAttempt
}

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
  readonly request: ParsedRequest
  state: OncewardState
  readonly body?: unknown
  respond?: boolean | undefined
}

type Next = () => Promise<unknown>
export type KoaMiddleware<Context extends KoaContext = KoaContext> = (
  context: Context,
  next: Next,
) => Promise<unknown>

/**
 * Middleware that runs what is behind it once for each key; the attempt is at `ctx.state.onceward`.
 *
 * ```ts
 * router.post('/orders', idempotency(once, { caller: (ctx) => ctx.state.user.id }), async (ctx) => { … })
 * ```
 *
 * On a route of `@koa/router` its template names the operation, before routing the path does. Throws `OPTION_INVALID`.
 */
export function idempotency<Context extends KoaContext = KoaContext>(
  once: Onceward,
  options: HttpOptions<Context>,
): KoaMiddleware<Context> {
  const engine = createEngine(once, options)
  return (context, next) =>
    // Guarded already, by a middleware further out.
    context.state.onceward === undefined ? serve(engine, context, next) : next()
}

/**
 * Koa writes the answer when the middleware further out is done. So this one ends as soon as the handler has, and what
 * Koa then writes is held back until it is recorded.
 */
function serve<Context extends KoaContext>(
  engine: HttpEngine<Context>,
  context: Context,
  next: Next,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const body = parsedBody(context.req, context.request)
    let isRunning = false
    let isServed = false
    let hasEnded = false
    const served = serveNode(engine, {
      request: context.req,
      response: context.res,
      native: context,
      target: context.originalUrl,
      template: templateOf(context),
      body: body === undefined ? undefined : () => body,
      // While the handler runs Koa does not answer anyway, and then its late answer is still to be seen.
      prepare: () => {
        if (!isRunning) context.respond = false
      },
      proceed: async (attempt) => {
        if (attempt !== undefined) {
          context.state.onceward = attempt
          staysWritable(context)
        }
        isRunning = true
        try {
          resolve(await next())
          hasEnded = true
        } catch (error) {
          if (attempt !== undefined && !isServed && !isRefusal(error)) throw error
          reject(error)
        } finally {
          isRunning = false
        }
        if (hasEnded) await broken(context.body)
      },
      // Once the middleware has ended, Koa cannot be told any more.
      thrown: (error) => !hasEnded && reject(error),
    })
    served.then(() => {
      isServed = true
      if (!isRunning) resolve(undefined)
    }, reject)
  })
}

/** Koa writes nothing for a client that has left; what the handler answered is kept for its retry all the same. */
function staysWritable(context: KoaContext): void {
  Object.defineProperty(context, 'writable', { get: () => !context.res.writableEnded, configurable: true })
}

/** Rejects where an answer that is a stream breaks off: Koa then leaves the response as it is. */
function broken(body: unknown): Promise<never> | undefined {
  if (!(body instanceof Stream)) return undefined
  return new Promise((_, reject) => {
    body.once('error', reject)
  })
}

/** `/orders/:id`, where `@koa/router` has found the route by now. */
function templateOf(context: object): string | undefined {
  const route = (context as Readonly<Record<string, unknown>>)['_matchedRoute']
  return typeof route === 'string' ? route : undefined
}
