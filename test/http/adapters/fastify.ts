import { Readable } from 'node:stream'
import fastify, { type FastifyReply } from 'fastify'
import { idempotency } from '../../../src/frameworks/fastify/index.ts'
import type { AdapterUnderTest, RouteAnswer } from '../../../src/testing/index.ts'

export const fastifyAdapter: AdapterUnderTest = {
  name: 'Fastify 5',
  traits: ['sees-throws', 'sees-late-answers', 'streams', 'reads-on', 'knows-templates'],
  start: async ({ once, options, routes }) => {
    const app = fastify({ bodyLimit: 10_000_000, forceCloseConnections: true })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    void app.register(
      idempotency(once, {
        ...options,
        caller: (request) => String(request.headers['x-caller'] ?? 'anonymous'),
      }),
    )
    for (const route of routes) {
      app.route({
        method: route.method,
        url: route.path,
        handler: async (request, reply) => {
          const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
          const call = { target: request.originalUrl, body, attempt: request.onceward }
          return answered(reply, await route.handle(call))
        },
      })
    }
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
  },
}

function answered(reply: FastifyReply, answer: RouteAnswer): unknown {
  const { status = 200, headers = {}, body, json, silent } = answer
  if (silent === true) return new Promise(() => undefined)
  reply.status(status).headers(headers)
  if (json !== undefined) return reply.send(json)
  const isWhole = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  return reply.send(isWhole ? body : Readable.from(body))
}
