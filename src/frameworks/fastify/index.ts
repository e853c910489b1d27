/**
 * `onceward/fastify`: idempotency as a plugin of Fastify 5, for the scope in which it is registered.
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import {
  createEngine,
  type HttpAttempt,
  type HttpEngine,
  type HttpOptions,
  serveWatched,
} from '../../http/index.ts'
import type { Onceward } from '../../index.ts'
import { isMeantAsAnswer, watchErrors } from './errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The attempt that this request is; absent where it is not guarded. */
    onceward?: HttpAttempt
  }
}

/**
 * A plugin that runs the handlers of its scope once for each key; the attempt is at `request.onceward`.
 *
 * ```ts
 * app.register(idempotency(once, { caller: (request) => request.user.id, require: ['POST /orders'] }))
 * ```
 *
 * It looks at a request when its body is parsed and valid, right before the handler (`preHandler`). The route's `url`
 * names the operation. Throws `OPTION_INVALID`.
 */
export function idempotency(once: Onceward, options: HttpOptions<FastifyRequest>): FastifyPluginCallback {
  const engine = createEngine(once, options)
  const plugin: FastifyPluginCallback = (instance, _, done) => {
    if (!instance.hasRequestDecorator('onceward')) instance.decorateRequest('onceward')
    instance.addHook('preHandler', (request, reply, go) => {
      // Guarded already, by a plugin of a scope further out.
      if (request.onceward !== undefined) return go()
      serve(engine, { request, reply, go }).catch(go)
    })
    done()
  }
  // What `fastify-plugin` does: without it the hook would hold for no route but those of the plugin itself.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'onceward',
    [Symbol.for('plugin-meta')]: { name: 'onceward', fastify: '5.x' },
  })
}

interface Call {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly go: (error?: Error) => void
}

function serve(engine: HttpEngine<FastifyRequest>, { request, reply, go }: Call): Promise<void> {
  const { raw } = reply
  const headers = reply.getHeaders()
  return serveWatched(engine, {
    request: request.raw,
    response: raw,
    native: request,
    target: request.originalUrl,
    template: request.routeOptions.url,
    parsed: request,
    // Fastify keeps headers to itself until it sends.
    prepare: () => {
      for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value)
    },
    pass: go,
    run: (attempt, watcher) => {
      request.onceward = attempt
      watchErrors(reply, watcher)
      go()
    },
    isRefusal: isMeantAsAnswer,
  })
}
