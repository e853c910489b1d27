import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import {
  type CallOptions,
  type Client,
  ConnectError,
  createClient,
  type HandlerContext,
  type Interceptor,
} from '@connectrpc/connect'
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node'
import { onTestFinished } from 'vitest'
import { grpcAttempt } from '../../../src/grpc/index.ts'
import type { Asked, ShopServer, Told, Work } from './grpc-js-shop.ts'
import { type OrderReply, type OrderRequest, replyOf, Shop } from './shop.ts'

export type ConnectProtocol = 'grpc' | 'connect'

interface ShopOptions {
  readonly interceptors?: readonly Interceptor[]
  readonly work?: Work
  readonly journal?: string[]
}

/** The shop on Connect: the protocols of gRPC, gRPC-Web and Connect over HTTP/2, on a free port of the loopback address. */
export async function startConnectShop(options: ShopOptions = {}): Promise<ShopServer> {
  const { interceptors = [], journal = [] } = options
  const work: Work = options.work ?? ((order) => replyOf(`o-${order.sku}`, order.amount))
  const order = async (request: OrderRequest, context: HandlerContext): Promise<OrderReply> => {
    journal.push(request.sku)
    context.responseTrailer.set('run', String(journal.length))
    return work(request, grpcAttempt()?.effectKey ?? '')
  }
  const handler = connectNodeAdapter({
    interceptors: [...interceptors],
    routes: (router) =>
      router.service(Shop, {
        order,
        price: order,
        import: async (requests) => {
          const skus: string[] = []
          for await (const request of requests) skus.push(request.sku)
          journal.push(skus.join('+'))
          return replyOf(skus.join('+'), journal.length)
        },
        watch: async function* () {
          yield await Promise.resolve(replyOf('w-1'))
        },
      }),
  })
  const server = createServer(handler)
  const sessions = sessionsOf(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = (): void => {
    server.close()
    for (const session of sessions) session.destroy()
  }
  onTestFinished(stop)
  return { port: (server.address() as AddressInfo).port, journal, stop }
}

/** All sessions that are open. */
export function sessionsOf(server: Http2Server): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  return sessions
}

export function connectClient(
  port: number,
  options: { interceptors?: readonly Interceptor[]; protocol?: ConnectProtocol } = {},
): Client<typeof Shop> {
  const { interceptors = [], protocol = 'grpc' } = options
  const common = { baseUrl: `http://127.0.0.1:${port}`, interceptors: [...interceptors] }
  return createClient(
    Shop,
    protocol === 'grpc'
      ? createGrpcTransport(common)
      : createConnectTransport({ ...common, httpVersion: '2' }),
  )
}

/** What a client was told, in the form that tests of grpc-js use. */
export async function toldBy(
  call: (options: CallOptions) => Promise<OrderReply>,
  asked: Asked = {},
): Promise<Told> {
  const all: Headers[] = []
  const keep = (headers: Headers): void => void all.push(headers)
  const headers = { ...asked.metadata, ...(asked.key === undefined ? {} : { 'idempotency-key': asked.key }) }
  const metadata = (name: string): string | undefined =>
    all.map((some) => some.get(name)).find((value) => value !== null) ?? undefined
  try {
    const reply = await call({
      headers,
      onHeader: keep,
      onTrailer: keep,
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
      ...(asked.options?.deadline === undefined
        ? {}
        : { timeoutMs: Number(asked.options.deadline) - Date.now() }),
    })
    return { code: 0, details: '', reply, metadata }
  } catch (thrown) {
    const error = ConnectError.from(thrown)
    all.push(error.metadata)
    return { code: error.code, details: error.rawMessage, reply: undefined, metadata }
  }
}
