import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { Idempotency } from '@node-idempotency/core'
import express, { type Request } from 'express'
import { getSharedIdempotencyService, idempotency as expressIdempotency } from 'express-idempotency'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Onceward } from '../../../src/index.ts'
import { listen } from '../../../src/testing/http/listen.ts'
import type { HttpContenderName } from '../cells.ts'
import { loadExpress, loadFastify, loadRoot, memoryStore, sqliteStore } from '../product.ts'
import type { Setting } from './contender.ts'
import { MapStore } from './in-memory.ts'
import { charged, operations } from './operations.ts'

export interface Service {
  readonly url: string
  close(): Promise<void>
}

/** Answers `POST /orders` with 201 and a few bytes of JSON, at once. */
export async function startService(name: HttpContenderName, setting: Setting): Promise<Service> {
  switch (name) {
    case 'fastify-bare':
      return listenFastify(fastify())
    case 'fastify-node-idempotency':
      return listenFastify(withNodeIdempotency(fastify()))
    case 'fastify-memory':
    case 'fastify-sqlite': {
      const once = await instance(name, setting)
      const { idempotency } = await loadFastify(setting.form)
      const app = fastify()
      await app.register(idempotency(once, { caller: 'anonymous', require: true }))
      return closing(await listenFastify(app), once)
    }
    case 'express-bare':
      return listenExpress([])
    case 'express-idempotency':
      return listenExpress([expressIdempotency() as never, passedOver])
    case 'express-memory':
    case 'express-sqlite': {
      const once = await instance(name, setting)
      const { idempotency } = await loadExpress(setting.form)
      const guard = idempotency(once, { caller: 'anonymous', require: true })
      return closing(await listenExpress([guard as express.RequestHandler]), once)
    }
  }
}

async function instance(name: HttpContenderName, { form, directory }: Setting): Promise<Onceward> {
  const { createOnceward } = await loadRoot(form)
  const path = join(mkdtempSync(join(directory, 'http-')), 'onceward.db')
  const store = name.endsWith('memory') ? await memoryStore(form) : await sqliteStore(form, path)
  return createOnceward({ store, scope: 'bench', operations })
}

function closing(service: Service, once: Onceward): Service {
  return { url: service.url, close: () => service.close().then(() => once.close()) }
}

function answerTo(body: unknown): object {
  return charged(String((body as { readonly order: number }).order))
}

async function listenFastify(app: FastifyInstance): Promise<Service> {
  app.post('/orders', async (request, reply) => reply.status(201).send(answerTo(request.body)))
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
}

/** As its documentation has it: asked before the handler, told when the answer is sent. */
function withNodeIdempotency(app: FastifyInstance): FastifyInstance {
  const idempotency = new Idempotency(new MapStore())
  const hits = new WeakSet<FastifyRequest>()
  const asked = ({ headers, body, method, url }: FastifyRequest): never =>
    ({ headers, body, method, path: url }) as never
  app.addHook('preHandler', async (request, reply) => {
    const known = await idempotency.onRequest(asked(request))
    if (known === undefined) return
    hits.add(request)
    const { statusCode = 200 } = (known.additional ?? {}) as { readonly statusCode?: number }
    await reply.status(statusCode).type('application/json').send(known.body)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (hits.has(request)) return
    const { statusCode } = reply
    await idempotency.onResponse(asked(request), { body: payload as string, additional: { statusCode } })
  })
  return app
}

/** It goes on to the handler after a replay too, which has to ask whether there was one. */
const passedOver: express.RequestHandler = (request, _response, next) => {
  if (!getSharedIdempotencyService().isHit(request as never)) next()
}

async function listenExpress(guards: readonly express.RequestHandler[]): Promise<Service> {
  const app = express()
  app.post('/orders', ...guards, express.json(), (request: Request, response) => {
    response.status(201).json(answerTo(request.body))
  })
  return listen(app)
}
