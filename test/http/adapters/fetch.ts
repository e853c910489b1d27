import { getRequestListener } from '@hono/node-server'
import { fetchHandler } from '../../../src/http/index.ts'
import type { AdapterUnderTest, RouteAnswer } from '../../../src/testing/index.ts'
import { listen } from '../../../src/testing/http/listen.ts'
import { matches } from './node.ts'

/** `fetchHandler` behind a server that turns sockets into `Request` and `Response`. */
export const fetchAdapter: AdapterUnderTest = {
  name: 'fetch handlers',
  traits: ['sees-throws', 'sees-late-answers', 'streams', 'reads-on'],
  start: ({ once, options, routes }) => {
    const caller = (request: Request): string => request.headers.get('x-caller') ?? 'anonymous'
    const handler = fetchHandler(once, { ...options, caller }, async (request) => {
      const { pathname, search } = new URL(request.url)
      const route = routes.find((one) => matches(one, request.method, pathname))
      if (route === undefined) return new Response(null, { status: 404 })
      const body = Buffer.from(await request.arrayBuffer())
      return respond(await route.handle({ target: pathname + search, body, attempt: request.onceward }))
    })
    const listener = getRequestListener((request) => handler(request))
    return listen((request, response) => void listener(request, response))
  },
}

export function respond({
  status = 200,
  headers = {},
  body,
  json,
  silent,
}: RouteAnswer): Response | Promise<Response> {
  if (silent === true) return new Promise<Response>(() => undefined)
  const init = { status, headers }
  if (json !== undefined) return Response.json(json, init)
  if (body === undefined || typeof body === 'string') return new Response(body ?? null, init)
  if (body instanceof Uint8Array) return new Response(body as Uint8Array<ArrayBuffer>, init)
  return new Response(ReadableStream.from(body), init)
}
