import express from 'express'
import express4 from 'express4'
import { idempotency } from '../../../src/frameworks/express/index.ts'
import type { AdapterTrait, AdapterUnderTest, RouteAnswer } from '../../../src/testing/index.ts'
import { writePieces } from './answers.ts'
import { listen } from '../../../src/testing/http/listen.ts'

const methods = { GET: 'get', POST: 'post', PATCH: 'patch' } as const

/** Middleware of the whole application, which runs before the routes are known. */
export const express4Adapter: AdapterUnderTest = expressAdapter({
  name: 'Express 4, for an application',
  make: express4,
  traits: ['sees-throws', 'sees-late-answers', 'streams', 'reads-on'],
})

/** Middleware of each route. */
export const express5Adapter: AdapterUnderTest = expressAdapter({
  name: 'Express 5, on routes',
  make: express,
  traits: ['sees-throws', 'sees-late-answers', 'streams', 'reads-on', 'knows-templates'],
})

interface Subject {
  readonly name: string
  readonly make: typeof express
  readonly traits: readonly AdapterTrait[]
}

function expressAdapter({ name, make, traits }: Subject): AdapterUnderTest {
  return {
    name,
    traits,
    start: ({ once, options, routes }) => {
      const app = make().set('env', 'test')
      const guard = idempotency(once, {
        ...options,
        caller: (request) => String(request.headers['x-caller'] ?? 'anonymous'),
      })
      const parse = express.raw({ type: () => true, limit: '10mb' })
      const isPerRoute = traits.includes('knows-templates')
      if (!isPerRoute) app.use(guard)
      for (const route of routes) {
        const before = isPerRoute ? [guard, parse] : [parse]
        app[methods[route.method]](route.path, ...before, (request, response, next) => {
          const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
          const call = { target: request.originalUrl, body, attempt: request.onceward }
          Promise.resolve()
            .then(() => route.handle(call))
            .then((answer) => answered(response, answer))
            .catch(next)
        })
      }
      return listen(app)
    },
  }
}

async function answered(response: express.Response, answer: RouteAnswer): Promise<void> {
  const { status = 200, headers = {}, body, json, silent } = answer
  if (silent === true) return
  response.status(status).set(headers)
  if (json !== undefined) response.json(json)
  else if (body === undefined) response.end()
  else if (typeof body === 'string') response.send(body)
  else if (body instanceof Uint8Array) response.send(Buffer.from(body))
  else await writePieces(response, body)
}
