import { once as event } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import Koa from 'koa'
import { Router } from '@koa/router'
import { idempotency, type OncewardState } from '../../../src/frameworks/koa/index.ts'
import type { AdapterUnderTest, RouteAnswer } from '../../../src/testing/index.ts'
import { listen } from '../../../src/testing/http/listen.ts'

const methods = { GET: 'get', POST: 'post', PATCH: 'patch' } as const

export const koaAdapter: AdapterUnderTest = {
  name: 'Koa, on routes',
  traits: ['sees-throws', 'sees-late-answers', 'streams', 'knows-templates'],
  start: ({ once, options, routes }) => {
    const app = new Koa<OncewardState>()
    app.silent = true
    const router = new Router<OncewardState>()
    const guard = idempotency(once, {
      ...options,
      caller: ({ req }) => String(req.headers['x-caller'] ?? 'anonymous'),
    })
    for (const route of routes) {
      router[methods[route.method]](route.path, guard, async (context) => {
        const body = await buffer(context.req)
        const call = { target: context.originalUrl, body, attempt: context.state.onceward }
        await answered(context, await route.handle(call))
      })
    }
    const handle = app.use(router.routes()).callback()
    return listen((request, response) => void handle(request, response))
  },
}

async function answered(context: Koa.Context, answer: RouteAnswer): Promise<void> {
  const { status = 200, headers = {}, body, json, silent } = answer
  if (silent === true) await event(context.app, 'never')
  context.set(headers)
  context.body = json ?? bodyOf(body)
  context.status = status
}

function bodyOf(body: RouteAnswer['body']): unknown {
  if (body === undefined || typeof body === 'string') return body ?? null
  return body instanceof Uint8Array ? Buffer.from(body) : Readable.from(body)
}
