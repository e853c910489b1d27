/**
 * `onceward/fastify`: idempotency as a plugin of Fastify 5, for the scope in which it is registered.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import {
  createEngine,
  type ErrorWatcher,
  type HttpAttempt,
  type HttpOptions,
  serveWatched,
  type WatchedExchange,
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
      serveWatched(engine, new FastifyExchange(request, reply, go)).catch(go)
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

type Go = (error?: Error) => void

class FastifyExchange implements WatchedExchange<FastifyRequest> {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly native: FastifyRequest
  readonly target: string
  readonly template: string | undefined
  readonly parsed: FastifyRequest
  readonly isRefusal: (error: unknown) => boolean = isMeantAsAnswer
  readonly #reply: FastifyReply
  readonly #go: Go
  /** As they were before the handler. */
  #headers: ReturnType<FastifyReply['getHeaders']> | undefined

  constructor(request: FastifyRequest, reply: FastifyReply, go: Go) {
    this.request = request.raw
    this.response = reply.raw
    this.native = request
    this.target = request.originalUrl
    this.template = request.routeOptions.url
    this.parsed = request
    this.#reply = reply
    this.#go = go
  }

  /** Fastify keeps headers to itself until it sends. */
  prepare(): void {
    const headers = this.#headers ?? this.#reply.getHeaders()
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) this.response.setHeader(name, value)
  }

  pass(): void {
    this.#go()
  }

  run(attempt: HttpAttempt, watcher: ErrorWatcher): void {
    this.#headers = this.#reply.getHeaders()
    this.native.onceward = attempt
    watchErrors(this.#reply, watcher)
    this.#go()
  }
}
