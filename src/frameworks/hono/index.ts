/**
 * `onceward/hono`: idempotency as middleware of Hono 4.
 */
import type { Context, MiddlewareHandler } from 'hono'
import {
  createEngine,
  type HttpAttempt,
  type HttpOptions,
  isClientStatus,
  serveFetch,
} from '../../http/index.ts'
import type { Onceward } from '../../index.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** The attempt that this request is; absent where it is not guarded. */
    onceward: HttpAttempt | undefined
  }
}

/**
 * Middleware that runs what is behind it once for each key; the attempt is `c.get('onceward')`.
 *
 * ```ts
 * app.post('/orders', idempotency(once, { caller: (c) => c.get('user').id }), async (c) => { … })
 * ```
 *
 * The template of the route names the operation. Throws `OPTION_INVALID`.
 */
export function idempotency(once: Onceward, options: HttpOptions<Context>): MiddlewareHandler {
  const engine = createEngine(once, options)
  return async (context, next) => {
    // Guarded already, by a middleware further out.
    if (context.get('onceward') !== undefined) return next()
    let hasRun = false
    let isServed = false
    const { raw } = context.req
    const response = await serveFetch(engine, {
      request: raw,
      native: context,
      template: templateOf(context),
      body: raw.bodyUsed ? () => bodyOf(context) : undefined,
      proceed: async (attempt) => {
        hasRun = true
        context.set('onceward', attempt)
        await next()
        // Hono drops what a handler answers when another answer is there: `context.res` is not the handler's.
        if (isServed) throw new Error('the handler answered after its time')
        const { error } = context
        if (attempt !== undefined && error !== undefined && !isMeantAsAnswer(error)) throw error
        return context.res
      },
      // What `onError` has made of it.
      thrown: (error) => {
        if (context.error === undefined) throw error
        return context.res
      },
    })
    isServed = true
    // With the headers that middleware further out has set so far.
    if (!hasRun) return context.newResponse(response.body, response)
    if (response !== context.res) {
      // Else the headers of the response before would be added.
      context.res = undefined
      context.res = response
    }
    return undefined
  }
}

/** Hono keeps what has been read of a body. */
async function bodyOf({ req }: Context): Promise<{ readonly bytes: Uint8Array }> {
  return { bytes: new Uint8Array(await req.arrayBuffer()) }
}

/** The template of the route that the request goes to: the last one that is for its method. */
function templateOf({ req }: Context): string | undefined {
  const { matchedRoutes } = req as { readonly matchedRoutes?: readonly { method: string; path: string }[] }
  return matchedRoutes?.findLast(({ method }) => method === req.method)?.path
}

/** An `HTTPException` with a status of 400 to 499 is how a handler refuses. */
function isMeantAsAnswer(error: Error): boolean {
  const { getResponse, status } = error as { readonly getResponse?: unknown; readonly status?: unknown }
  return typeof getResponse === 'function' && isClientStatus(status)
}
