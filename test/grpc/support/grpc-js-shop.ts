import {
  type CallOptions,
  type ChannelOptions,
  Client,
  type Interceptor,
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  credentials,
} from '@grpc/grpc-js'
import { onTestFinished } from 'vitest'
import { grpcAttempt, withExactBytes } from '../../../src/grpc/index.ts'
import { type OrderReply, type OrderRequest, replyOf, shopDefinition } from './shop.ts'

/** What a handler of the shop does with an order. */
export type Work = (order: OrderRequest, effectKey: string) => OrderReply | Promise<OrderReply>

export interface ShopServer {
  readonly port: number
  /** What was done, at the peer: one line for each effect. */
  readonly journal: readonly string[]
  stop(): void
}

interface ShopOptions {
  readonly interceptors?: readonly ServerInterceptor[]
  readonly work?: Work
  readonly port?: number
  /** The service as generated, without `withExactBytes`. */
  readonly isPlain?: boolean
  readonly journal?: string[]
}

/** A shop on grpc-js, on a free port of the loopback address. */
export async function startShop(options: ShopOptions = {}): Promise<ShopServer> {
  const { interceptors = [], port = 0, journal = [] } = options
  const work: Work = options.work ?? ((order) => replyOf(`o-${order.sku}`, order.amount))
  const server = new Server({ interceptors: [...interceptors] })
  const order = (call: ServerUnaryCall<OrderRequest, OrderReply>, done: sendUnaryData<OrderReply>): void => {
    journal.push(call.request.sku)
    const trailer = new Metadata()
    trailer.set('run', String(journal.length))
    const doing = async (): Promise<OrderReply> => work(call.request, grpcAttempt()?.effectKey ?? '')
    doing().then(
      (reply) => done(null, reply, trailer),
      (error: unknown) => done(error as ServiceError),
    )
  }
  server.addService(options.isPlain === true ? shopDefinition : withExactBytes(shopDefinition), {
    order,
    price: order,
    import: (call: ServerReadableStream<OrderRequest, OrderReply>, done: sendUnaryData<OrderReply>): void => {
      const skus: string[] = []
      call.on('data', ({ sku }: OrderRequest) => skus.push(sku))
      call.on('end', () => {
        journal.push(skus.join('+'))
        done(null, replyOf(skus.join('+'), journal.length))
      })
    },
    watch: (call: ServerWritableStream<OrderRequest, OrderReply>): void => {
      call.write(replyOf('w-1'))
      call.end()
    },
  })
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    )
  })
  const stop = (): void => server.forceShutdown()
  onTestFinished(stop)
  return { port: bound, journal, stop }
}

/** What a client was told. */
export interface Told {
  readonly code: number
  readonly details: string
  readonly reply: OrderReply | undefined
  /** One value of the initial metadata or the trailers. */
  readonly metadata: (name: string) => string | undefined
}

export interface ShopClient {
  order(order: OrderRequest, call?: Asked): Promise<Told>
  price(order: OrderRequest, call?: Asked): Promise<Told>
  import(orders: readonly OrderRequest[], call?: Asked): Promise<Told>
  watch(order: OrderRequest, call?: Asked): Promise<Told>
}

export interface Asked {
  readonly key?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly options?: CallOptions
  readonly signal?: AbortSignal
  /** Sends this instead of a whole stream, and never ends it. */
  readonly isOpen?: boolean
}

export function shopClient(
  port: number,
  {
    interceptors = [],
    channel = {},
  }: { interceptors?: readonly Interceptor[]; channel?: ChannelOptions } = {},
): ShopClient {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    interceptors: [...interceptors],
    // Every client has connections of its own, and tries again as soon as a server is back.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 100,
    ...channel,
  })
  onTestFinished(() => client.close())
  const unary = (name: 'order' | 'price', order: OrderRequest, asked: Asked = {}): Promise<Told> => {
    const { path, requestSerialize, responseDeserialize } = shopDefinition[name]
    return toldOf((watch, done) => {
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        order,
        metadataOf(asked),
        asked.options ?? {},
        done,
      )
      asked.signal?.addEventListener('abort', () => call.cancel())
      return watch(call)
    })
  }
  return {
    order: (order, asked) => unary('order', order, asked),
    price: (order, asked) => unary('price', order, asked),
    import: (orders, asked = {}) => {
      const { path, requestSerialize, responseDeserialize } = shopDefinition.import
      return toldOf((watch, done) => {
        const call = client.makeClientStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          metadataOf(asked),
          asked.options ?? {},
          done,
        )
        asked.signal?.addEventListener('abort', () => call.cancel())
        for (const order of orders) call.write(order)
        if (asked.isOpen !== true) call.end()
        watch(call)
      })
    },
    watch: (order, asked = {}) => {
      const { path, requestSerialize, responseDeserialize } = shopDefinition.watch
      return toldOf((watch, done) => {
        let last: OrderReply | undefined
        const call = client.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          order,
          metadataOf(asked),
          asked.options ?? {},
        )
        call.on('data', (reply: OrderReply) => (last = reply))
        call.on('error', (error: ServiceError) => done(error))
        call.on('end', () => done(null, last))
        watch(call)
      })
    },
  }
}

interface Watched {
  on(event: 'metadata', listener: (header: Metadata) => void): unknown
  on(event: 'status', listener: (status: { metadata: Metadata }) => void): unknown
}
type Done = (error: ServiceError | null, reply?: OrderReply) => void

function toldOf(call: (watch: (call: Watched) => void, done: Done) => void): Promise<Told> {
  return new Promise((resolve) => {
    const all: Metadata[] = []
    let ended: Told | undefined
    let hasStatus = false
    const metadata = (name: string): string | undefined => {
      const found = all.flatMap((some) => some.get(name))
      return found[0] === undefined ? undefined : String(found[0])
    }
    const settle = (): void => {
      if (ended !== undefined && hasStatus) resolve(ended)
    }
    call(
      (watched) => {
        watched.on('metadata', (header) => all.push(header))
        watched.on('status', (status) => {
          all.push(status.metadata)
          hasStatus = true
          settle()
        })
      },
      (error, reply) => {
        if (error !== null) all.push(error.metadata)
        ended = { code: error?.code ?? 0, details: error?.details ?? '', reply, metadata }
        if (error !== null) hasStatus = true
        settle()
      },
    )
  })
}

function metadataOf({ key, metadata = {} }: Asked): Metadata {
  const made = new Metadata()
  for (const [name, value] of Object.entries(metadata)) made.set(name, value)
  if (key !== undefined) made.set('idempotency-key', key)
  return made
}
