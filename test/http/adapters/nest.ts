import { Readable } from 'node:stream'
import {
  Controller,
  Module,
  type NestInterceptor,
  Patch,
  Post,
  Get,
  Req,
  Res,
  StreamableFile,
  type Type,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Response } from 'express'
import { idempotency, type NestRequest } from '../../../src/frameworks/nest/index.ts'
import type {
  AdapterUnderTest,
  RouteAnswer,
  ServiceRoute,
  ServiceUnderTest,
} from '../../../src/testing/index.ts'

const methods = { GET: Get, POST: Post, PATCH: Patch }

type Application = NestExpressApplication | NestFastifyApplication

export const nestExpressAdapter: AdapterUnderTest = nestAdapter('NestJS 11 on Express', (module) =>
  NestFactory.create<NestExpressApplication>(module, new ExpressAdapter(), {
    bodyParser: false,
    logger: false,
  }),
)

export const nestFastifyAdapter: AdapterUnderTest = nestAdapter('NestJS 11 on Fastify', async (module) => {
  const platform = new FastifyAdapter({ bodyLimit: 10_000_000, forceCloseConnections: true })
  const app = await NestFactory.create<NestFastifyApplication>(module, platform, {
    bodyParser: false,
    logger: false,
  })
  const server = app.getHttpAdapter().getInstance()
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  return app
})

function nestAdapter(name: string, create: (module: Type) => Promise<Application>): AdapterUnderTest {
  return {
    name,
    traits: [
      'sees-throws',
      'sees-late-answers',
      'streams',
      'knows-templates',
      // On Express Nest closes the stream of an answer with the connection.
      ...(name.endsWith('Fastify') ? (['reads-on'] as const) : []),
    ],
    start: async (service) => {
      const app = await create(moduleOf(service.routes))
      if (name.endsWith('Express'))
        (app as NestExpressApplication).useBodyParser('raw', { type: () => true, limit: '10mb' })
      app.useGlobalInterceptors(guardOf(service))
      await app.listen(0, '127.0.0.1')
      return { url: await app.getUrl(), close: () => app.close() }
    },
  }
}

function guardOf({ once, options }: ServiceUnderTest): NestInterceptor {
  return idempotency(once, {
    ...options,
    caller: (request) => String(request.headers['x-caller'] ?? 'anonymous'),
  })
}

/** What decorators do, without their syntax: a controller with a method for each route. */
function moduleOf(routes: readonly ServiceRoute[]): Type {
  class Routes {
    readonly name = 'routes'
  }
  for (const [index, route] of routes.entries()) {
    const name = `route${index}`
    const handle = async (request: NestRequest, response: Response): Promise<unknown> => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const call = { target: request.originalUrl, body, attempt: request.onceward }
      return answered(response, await route.handle(call))
    }
    const descriptor = { value: handle, writable: true, configurable: true }
    Object.defineProperty(Routes.prototype, name, descriptor)
    methods[route.method](route.path)(Routes.prototype, name, descriptor)
    Req()(Routes.prototype, name, 0)
    Res({ passthrough: true })(Routes.prototype, name, 1)
  }
  Controller()(Routes)
  class Application {
    readonly name = 'application'
  }
  Module({ controllers: [Routes] })(Application)
  return Application
}

function answered(response: Response, answer: RouteAnswer): unknown {
  const { status = 200, headers = {}, body, json, silent } = answer
  if (silent === true) return new Promise(() => undefined)
  response.status(status)
  for (const [name, value] of Object.entries(headers)) response.header(name, value)
  if (json !== undefined) return json
  if (body === undefined || typeof body === 'string') return body
  const stream = body instanceof Uint8Array ? Readable.from([Buffer.from(body)]) : Readable.from(body)
  return new StreamableFile(stream, { type: headers['content-type'] ?? 'text/plain' }).setErrorLogger(
    () => undefined,
  )
}
