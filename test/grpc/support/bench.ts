import { faultProxy, type FaultProxy } from '../../../src/drills/index.ts'
import { grpcClientRules } from '../../../src/grpc/client/decisions.ts'
import { connectClientInterceptorWith } from '../../../src/grpc/connect/client.ts'
import { connectServerInterceptorWith } from '../../../src/grpc/connect/server.ts'
import { grpcClientInterceptorWith } from '../../../src/grpc/grpc-js/client.ts'
import { grpcServerInterceptorWith } from '../../../src/grpc/grpc-js/server.ts'
import {
  type ConnectInterceptor,
  type GrpcClientOptions,
  type GrpcServerOptions,
  withoutChannelRetries,
} from '../../../src/grpc/index.ts'
import { grpcServerRules } from '../../../src/grpc/server/decisions.ts'
import { createOnceward, type Onceward } from '../../../src/index.ts'
import type { OncewardOptions } from '../../../src/ledger/options.ts'
import { memoryStore } from '../../../src/stores/memory/index.ts'
import { type ConnectProtocol, connectClient, startConnectShop, toldBy } from './connect-shop.ts'
import {
  type Asked,
  shopClient,
  type ShopClient,
  type ShopServer,
  startShop,
  type Work,
} from './grpc-js-shop.ts'
import type { GrpcMutant } from './mutants.ts'
import { type OrderRequest, shopDefinition } from './shop.ts'

/** `connect` speaks its own protocol, `connect-grpc` that of gRPC. */
export const libraries = ['grpc-js', 'connect-grpc', 'connect'] as const
export type Library = (typeof libraries)[number]

interface ServerSetup {
  readonly options?: Partial<GrpcServerOptions>
  readonly once?: Onceward
  readonly work?: Work
  /** Without the guard. */
  readonly isBare?: boolean
  readonly journal?: string[]
}

/** Servers and clients of one library, with decisions of which one may be broken. */
export class GrpcBench {
  readonly library: Library
  readonly #mutant: GrpcMutant | undefined
  readonly #ends: (() => unknown)[] = []

  constructor(library: Library, mutant?: GrpcMutant) {
    this.library = library
    this.#mutant = mutant
  }

  ledger(options: Partial<OncewardOptions> = {}): Onceward {
    const once = createOnceward({ store: memoryStore(), ...options })
    this.#ends.push(() => once.close({ graceMs: 0 }))
    return once
  }

  async server(setup: ServerSetup = {}): Promise<ShopServer> {
    const { isBare = false, once = this.ledger(), work, journal } = setup
    const options: GrpcServerOptions = {
      caller: (call) => call.metadata('x-account') ?? 'guest',
      onError: () => undefined,
      ...setup.options,
    }
    const rules = { ...grpcServerRules, ...this.#mutant?.server?.(grpcServerRules) }
    const more = { ...(work === undefined ? {} : { work }), ...(journal === undefined ? {} : { journal }) }
    if (this.library === 'grpc-js')
      return startShop({
        interceptors: isBare ? [] : [grpcServerInterceptorWith(once, options, rules)],
        ...more,
      })
    return startConnectShop({
      interceptors: isBare ? [] : [connectServerInterceptorWith(once, options, rules)],
      ...more,
    })
  }

  /** A client as everybody has it. */
  plain(port: number): ShopClient {
    return this.library === 'grpc-js' ? shopClient(port) : this.#connect(port)
  }

  /** A client with the interceptor. */
  client(port: number, options: GrpcClientOptions = {}): ShopClient {
    const rules = { ...grpcClientRules, ...this.#mutant?.client?.(grpcClientRules) }
    const given = { retry: { baseMs: 5 }, ...options }
    if (this.library === 'grpc-js') {
      const interceptor = grpcClientInterceptorWith({ services: [shopDefinition], ...given }, rules)
      return shopClient(port, { interceptors: [interceptor], channel: withoutChannelRetries({}) })
    }
    return this.#connect(port, [connectClientInterceptorWith(given, rules)])
  }

  #connect(port: number, interceptors: readonly ConnectInterceptor[] = []): ShopClient {
    const protocol: ConnectProtocol = this.library === 'connect' ? 'connect' : 'grpc'
    const client = connectClient(port, { interceptors, protocol })
    return {
      order: (order, asked) => toldBy((options) => client.order(order, options), asked),
      price: (order, asked) => toldBy((options) => client.price(order, options), asked),
      import: (orders, asked) => toldBy((options) => client.import(each(orders, asked), options), asked),
      watch: (order, asked) =>
        toldBy(async (options) => {
          for await (const reply of client.watch(order, options)) return reply
          throw new Error('no reply')
        }, asked),
    }
  }

  async proxy(port: number): Promise<FaultProxy> {
    const proxy = await faultProxy({ target: { host: '127.0.0.1', port }, protocol: 'raw' })
    this.#ends.push(() => proxy.close())
    return proxy
  }

  async end(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end()
  }
}

async function* each(orders: readonly OrderRequest[], asked?: Asked): AsyncIterable<OrderRequest> {
  yield* orders
  if (asked?.isOpen === true) await new Promise(() => undefined)
}
