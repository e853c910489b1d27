import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { idempotency } from '../../../src/frameworks/hono/index.ts'
import type { AdapterUnderTest } from '../../../src/testing/index.ts'
import { respond } from './fetch.ts'
import { listen } from '../../../src/testing/http/listen.ts'

export const honoAdapter: AdapterUnderTest = {
  name: 'Hono 4',
  traits: ['sees-throws', 'streams', 'reads-on', 'knows-templates'],
  start: ({ once, options, routes }) => {
    const app = new Hono()
    app.use(
      idempotency(once, { ...options, caller: (context) => context.req.header('x-caller') ?? 'anonymous' }),
    )
    app.onError((_error, context) => context.text('the error handler of the application', 500))
    for (const route of routes) {
      app.on(route.method, route.path, async (context) => {
        const { pathname, search } = new URL(context.req.url)
        const body = Buffer.from(await context.req.arrayBuffer())
        return respond(
          await route.handle({ target: pathname + search, body, attempt: context.get('onceward') }),
        )
      })
    }
    const listener = getRequestListener((request) => app.fetch(request))
    return listen((request, response) => void listener(request, response))
  },
}
