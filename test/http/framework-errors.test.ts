import express, { type Express } from 'express'
import express4 from 'express4'
import fastify, { type FastifyReply } from 'fastify'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import createError from 'http-errors'
import Koa from 'koa'
import { getRequestListener } from '@hono/node-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { idempotency as forExpress } from '../../src/frameworks/express/index.ts'
import { idempotency as forFastify } from '../../src/frameworks/fastify/index.ts'
import { idempotency as forHono } from '../../src/frameworks/hono/index.ts'
import { idempotency as forKoa } from '../../src/frameworks/koa/index.ts'
import { createOnceward, type Onceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import type { RunningService } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/http/listen.ts'

const options = { caller: 'anonymous' } as const
const failure = new Error('the bank did not answer')
const refused = createError(402, 'card declined')
/** As a client library throws it: it has a status, and is no answer of this service. */
const foreign = Object.assign(new Error('no such charge'), { status: 404, statusCode: 404 })

type Ways = Readonly<Record<string, express.RequestHandler>>
const throwing: Ways = {
  'throws at once': () => {
    throw failure
  },
  'throws what a library has thrown': () => {
    throw foreign
  },
  'gives an error to next': (_request, _response, next) => next(failure),
  'writes, and gives an error to next': (_request, response, next) => {
    response.status(201).write('half')
    next(failure)
  },
}
const rejecting: Ways = { rejects: () => Promise.reject(failure) }
const refusing: express.RequestHandler = (_request, _response, next) => next(refused)

describe.each([
  { name: 'Express 4', make: express4, ways: throwing },
  { name: 'Express 5', make: express, ways: { ...throwing, ...rejecting } },
])('$name', ({ make, ways }) => {
  it.each(Object.entries(ways))(
    'a handler that %s is in doubt, and the error handler answers',
    async (_, handler) => {
      const { send } = await expressService(make(), handler)
      expect(await send()).toEqual([500, 'the error handler'])
      expect((await send())[0]).toBe(409)
    },
  )

  it('an error made by http-errors is an answer, which is replayed', async () => {
    const { send } = await expressService(make(), refusing)
    expect([await send(), await send()]).toEqual([
      [402, 'the error handler'],
      [402, 'the error handler', 'replayed'],
    ])
  })

  it('errors in a router inside are seen too', async () => {
    const router = express.Router()
    const inner = make === express4 ? express4.Router() : router
    inner.post('/', throwing['throws at once'] as express.RequestHandler)
    const { send } = await expressService(make(), inner as express.RequestHandler)
    expect((await send())[0]).toBe(500)
    expect((await send())[0]).toBe(409)
  })

  it('next("route") is no error', async () => {
    const app = make()
    const { send } = await expressService(app, (_request, _response, next) => next('route'))
    expect((await send())[0]).toBe(404)
    expect(await send()).toMatchObject({ 0: 404, 2: 'replayed' })
  })

  it('a body that was parsed before is compared by its meaning', async () => {
    const app = make()
    app.use(express.json())
    const { send } = await expressService(app, (request, response) => void response.json(request.body))
    expect(await send('{"a":1,"b":2}')).toEqual([200, '{"a":1,"b":2}'])
    expect(await send('{ "b": 2, "a": 1 }')).toEqual([200, '{"a":1,"b":2}', 'replayed'])
    expect((await send('{"a":2}'))[0]).toBe(422)
  })

  it('a body that was read and is gone is said to be', async () => {
    const app = make()
    app.use((request, _response, next) => void request.resume().once('end', () => next()))
    const { send } = await expressService(app, (_request, response) => void response.end())
    expect(await send()).toEqual([500, 'the error handler'])
    expect(await send()).toEqual([500, 'the error handler'])
  })
})

describe('Fastify', () => {
  const ways: Readonly<Record<string, (reply: FastifyReply) => unknown>> = {
    rejects: () => Promise.reject(failure),
    'rejects with what a library has thrown': () => Promise.reject(foreign),
    'throws at once': () => {
      throw failure
    },
    'sends an error': (reply) => reply.send(failure),
  }

  it.each(Object.entries(ways))(
    'a handler that %s is in doubt, and the error handler answers',
    async (_, handler) => {
      const { send } = await fastifyService((reply) => handler(reply))
      expect(await send()).toEqual([500, 'the error handler'])
      expect((await send())[0]).toBe(409)
    },
  )

  it('an error made by http-errors is an answer, which is replayed', async () => {
    const { send } = await fastifyService(() => Promise.reject(refused))
    expect([await send(), await send()]).toEqual([
      [402, 'the error handler'],
      [402, 'the error handler', 'replayed'],
    ])
  })

  it('headers of hooks before are on replays too', async () => {
    const { url } = await fastifyService(() => ({ ok: true }))
    const replayed = [await post(url), await post(url)][1] as Response
    expect([replayed.headers.get('idempotency-replayed'), replayed.headers.get('x-hook')]).toEqual([
      'true',
      'set',
    ])
  })
})

describe('Hono', () => {
  it('a handler that throws is in doubt, and onError answers', async () => {
    const { send } = await honoService(failure)
    expect(await send()).toEqual([500, 'the error handler'])
    expect((await send())[0]).toBe(409)
  })

  it('an HTTPException is an answer, which is replayed with the headers of middleware further out', async () => {
    const { send, url } = await honoService(new HTTPException(402, { message: 'card declined' }))
    expect([await send(), await send()]).toEqual([
      [402, 'the error handler'],
      [402, 'the error handler', 'replayed'],
    ])
    expect((await post(url)).headers.get('x-outer')).toBe('set')
  })
})

describe('Koa', () => {
  it('a handler that throws is in doubt, and middleware further out answers', async () => {
    const { send } = await koaService(failure)
    expect(await send()).toEqual([500, 'the error handler'])
    expect((await send())[0]).toBe(409)
  })

  it('ctx.throw is an answer, which is replayed', async () => {
    const { send } = await koaService(refused)
    expect([await send(), await send()]).toEqual([
      [402, 'the error handler'],
      [402, 'the error handler', 'replayed'],
    ])
  })
})

interface Service {
  readonly url: string
  readonly send: (body?: string) => Promise<readonly unknown[]>
}

function instance(): Onceward {
  const once = createOnceward({ store: memoryStore(), sweep: false })
  onTestFinished(() => once.close({ graceMs: 0 }))
  return once
}

function statusOf(error: unknown): number {
  return error === refused ? 402 : 500
}

function expressService(app: Express, handler: express.RequestHandler): Promise<Service> {
  app.set('env', 'test')
  app.use('/orders', forExpress(instance(), options), handler)
  const answer = (...[error, , response]: Parameters<express.ErrorRequestHandler>): unknown =>
    response.headersSent ? response.end() : response.status(statusOf(error)).send('the error handler')
  // Express knows an error handler by its four parameters.
  app.use(Object.defineProperty(answer, 'length', { value: 4 }) as express.ErrorRequestHandler)
  return serving(listen(app))
}

async function fastifyService(handler: (reply: FastifyReply) => unknown): Promise<Service> {
  const app = fastify({ forceCloseConnections: true })
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-hook', 'set')
    done()
  })
  app.register(forFastify(instance(), options))
  app.setErrorHandler((error, _request, reply) => reply.status(statusOf(error)).send('the error handler'))
  app.post('/orders', (_request, reply) => handler(reply))
  return serving(
    app.listen({ port: 0, host: '127.0.0.1' }).then((url) => ({ url, close: () => app.close() })),
  )
}

function honoService(thrown: Error): Promise<Service> {
  const app = new Hono()
  app.use(async (context, next) => {
    context.header('x-outer', 'set')
    await next()
  })
  app.onError((error, context) =>
    context.text('the error handler', error instanceof HTTPException ? error.status : 500),
  )
  app.post('/orders', forHono(instance(), options), failing(thrown))
  const listener = getRequestListener(app.fetch)
  return serving(listen((request, response) => void listener(request, response)))
}

function koaService(thrown: Error): Promise<Service> {
  const app = new Koa()
  app.use(async (context, next) => {
    try {
      await next()
    } catch (error) {
      context.status = statusOf(error)
      context.body = 'the error handler'
    }
  })
  app.use(forKoa(instance(), options)).use(failing(thrown))
  const handle = app.callback()
  return serving(listen((request, response) => void handle(request, response)))
}

async function serving(starting: Promise<RunningService>): Promise<Service> {
  const service = await starting
  onTestFinished(() => service.close())
  const url = `${service.url}/orders`
  const send = async (body?: string): Promise<readonly unknown[]> => {
    const answer = await post(url, body)
    const replayed = answer.headers.has('idempotency-replayed') ? ['replayed'] : []
    return [answer.status, await answer.text(), ...replayed]
  }
  return { url, send }
}

function post(url: string, body = '{"sku":"a-1"}'): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k-1', connection: 'close' }
  return fetch(url, { method: 'POST', headers, body })
}

function failing(error: Error): () => Promise<never> {
  return async () => {
    throw error
  }
}
