import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import {
  createEngine,
  type HttpAttempt,
  type NodeExchange,
  nodeHandler,
  type NodeHandler,
  serveNode,
} from '../../../src/http/index.ts'
import type { AdapterUnderTest, RouteAnswer, ServiceRoute } from '../../../src/testing/index.ts'
import { writePieces } from './answers.ts'
import { listen } from '../../../src/testing/http/listen.ts'

/** What a test may put around the handler, or between the engine and node. */
export interface NodeServing {
  readonly wrap?: (listener: RequestListener) => RequestListener
  readonly exchange?: Partial<NodeExchange<IncomingMessage>>
}

/** `nodeHandler` on a server of `node:http`. */
export const nodeAdapter: AdapterUnderTest = adapterWith()

export function adapterWith({ wrap = (listener) => listener, exchange }: NodeServing = {}): AdapterUnderTest {
  return {
    name: 'node:http',
    traits: ['sees-throws', 'sees-late-answers', 'streams', 'reads-on'],
    start: async ({ once, options, routes }) => {
      const given = { ...options, caller: callerOf }
      const handle: NodeHandler<IncomingMessage, ServerResponse> = async (request, response) => {
        const route = routes.find((one) => matches(one, request.method, request.url))
        if (route === undefined) return response.writeHead(404).end()
        const { url: target = '', onceward: attempt } = request
        return write(response, await route.handle({ target, body: await read(request), attempt }))
      }
      if (exchange === undefined) {
        const handler = nodeHandler(once, given, handle)
        return listen(wrap((request, response) => void handler(request, response)))
      }
      const engine = createEngine(once, given)
      return listen(
        wrap((request, response) => {
          const proceed = (onceward: HttpAttempt | undefined): unknown =>
            handle(onceward === undefined ? request : Object.assign(request, { onceward }), response)
          serveNode(engine, { request, response, native: request, proceed, ...exchange }).catch(() =>
            response.destroy(),
          )
        }),
      )
    },
  }
}

function callerOf(request: IncomingMessage): string {
  return String(request.headers['x-caller'] ?? 'anonymous')
}

/** Whether a request is for the route: `:id` stands for anything but a slash. */
export function matches(
  route: ServiceRoute,
  method: string | undefined,
  target: string | undefined,
): boolean {
  const pattern = new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`)
  return route.method === method && pattern.test((target ?? '').split('?')[0] ?? '')
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function write(response: ServerResponse, answer: RouteAnswer): Promise<void> {
  if (answer.silent === true) return
  response.statusCode = answer.status ?? 200
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
  const { body, json } = answer
  if (json !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(json))
  else if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) response.end(body)
  else await writePieces(response, body)
}
