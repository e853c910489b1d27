import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { create } from '@bufbuild/protobuf'
import { createClient, type ConnectRouter, type Transport } from '@connectrpc/connect'
import { createTransport as connectTransport } from '@connectrpc/connect/protocol-connect'
import { createTransport as grpcTransport } from '@connectrpc/connect/protocol-grpc'
import { createTransport as grpcWebTransport } from '@connectrpc/connect/protocol-grpc-web'
import { compressionGzip, connectNodeAdapter, createNodeHttpClient } from '@connectrpc/connect-node'
import { status } from '@grpc/grpc-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkedHttpClient, checkedRoutes, integrityRefusalOf, presentOf } from '../../src/grpc/index.ts'
import { createIntegrity, type Integrity, requirePresent } from '../../src/integrity/index.ts'
import { integrityWith } from '../../src/integrity/integrity.ts'
import { integrityRules } from '../../src/integrity/rules.ts'
import { approve, grpcClient, grpcShop } from './support/grpc-shop.ts'
import { relay, type Tamper } from './support/relay.ts'
import {
  type ApprovalMessage,
  type BatchMessage,
  batchOf,
  batchSchema,
  orderSchema,
  ordersService,
} from './support/shop.ts'

const small = batchOf('b', 20, 10)
const approved = approve(small).approved
const cut: Tamper = (message) => message.subarray(0, message.length - 3)
const padded: Tamper = (message) => Buffer.concat([message, Buffer.from([0x2a, 0])])
const altered: Tamper = (message) => Buffer.from(message).fill(7, message.length - 2, message.length - 1)
const emptied: Tamper = () => Buffer.alloc(0)
const tampers: readonly (readonly [string, Tamper])[] = [
  ['cut', cut],
  ['padded', padded],
  ['altered', altered],
  ['emptied', emptied],
]

describe('grpc-js', () => {
  it('hands on unary calls and streams as they were sent', async () => {
    const shop = await grpcShop({ integrity: createIntegrity() })
    const client = grpcClient(shop.port, createIntegrity())
    expect((await client.dispatch(small)).approved).toEqual(approved)
    const { replies, error } = await client.dispatchMany([small, batchOf('c', 0), small])
    expect(error).toBeUndefined()
    expect(replies.map((reply) => reply.approved.length)).toEqual([approved.length, 0, approved.length])
  })

  it.each(tampers)(
    'a request that was %s on the way is refused with DATA_LOSS, and does not reach the handler',
    async (_, requests) => {
      const integrity = createIntegrity()
      const shop = await grpcShop({ integrity })
      const client = grpcClient(await relay(shop.port, { requests }), createIntegrity())
      const error = await client.dispatch(small).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: status.DATA_LOSS })
      expect(integrityRefusalOf(error)).toMatchObject({
        side: 'request',
        code: expect.stringMatching(/^PAYLOAD_/),
      })
      expect(shop.handled).toEqual([])
      expect(integrity.counts()).toEqual({ payload_refused: 1 })
    },
  )

  it.each(tampers)(
    'a reply that was %s on the way is refused, as one that says nothing of what the server did',
    async (_, replies) => {
      const shop = await grpcShop({ integrity: createIntegrity() })
      const integrity = createIntegrity()
      const client = grpcClient(await relay(shop.port, { replies }), integrity)
      const error = await client.dispatch(small).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: status.DATA_LOSS })
      expect(integrityRefusalOf(error)?.side).toBe('reply')
      expect(integrity.counts()).toEqual({ payload_refused: 1 })
      expect(shop.handled).toHaveLength(1)
    },
  )

  it('of a stream, neither the message that was cut is handed on nor what comes behind it, and it ends with DATA_LOSS', async () => {
    const shop = await grpcShop({ integrity: createIntegrity() })
    const requests: Tamper = (message) => (message.includes('third') ? cut(message) : undefined)
    const client = grpcClient(await relay(shop.port, { requests }), createIntegrity())
    const { error } = await client.dispatchMany([small, small, batchOf('third', 2, 1), small])
    expect(error).toMatchObject({ code: status.DATA_LOSS })
    // Those before it may have been, or may still be on their way to the handler.
    expect(shop.handled.length).toBeLessThanOrEqual(2)
    expect(shop.handled.filter(({ id }) => id !== 'b')).toEqual([])
  })

  it('without the interceptor the handler gets nothing either, and the next call is not taken for it', async () => {
    const shop = await grpcShop({ integrity: createIntegrity(), interceptors: [] })
    const other = await grpcShop({ integrity: createIntegrity() })
    const client = grpcClient(await relay(shop.port, { requests: cut }), createIntegrity())
    await expect(client.dispatch(small)).rejects.toMatchObject({ code: status.INTERNAL })
    expect(shop.handled).toEqual([])
    expect((await grpcClient(other.port, createIntegrity()).dispatch(small)).approved).toEqual(approved)
  })

  it('peers without integrity: refused where a digest is required, else handed on and counted', async () => {
    const strict = await grpcShop({ integrity: createIntegrity() })
    await expect(grpcClient(strict.port).dispatch(small)).rejects.toMatchObject({ code: status.DATA_LOSS })
    const integrity = createIntegrity({ require: false })
    const lenient = await grpcShop({ integrity })
    expect((await grpcClient(lenient.port).dispatch(small)).approved).toEqual(approved)
    expect(integrity.counts()).toEqual({ payload_unchecked: 1 })
    const plain = await grpcShop()
    expect(
      (await grpcClient(plain.port, createIntegrity({ require: false })).dispatch(small)).approved,
    ).toEqual(approved)
  })

  it('a request that lacks a field is refused with INVALID_ARGUMENT; one that lacks a safety field comes with a hold', async () => {
    const lacking = create(batchSchema, { id: 'x', orders: [create(orderSchema)] }) as BatchMessage
    const field = 'orders.*.hold_for_review'
    const [strict, safe] = [
      requirePresent(batchSchema, [field]),
      requirePresent(batchSchema, [{ field, failSafe: true }]),
    ]
    const path = '/shop.Orders/Dispatch'
    const refusing = await grpcShop({ integrity: createIntegrity(), present: { [path]: strict } })
    const error = await grpcClient(refusing.port, createIntegrity())
      .dispatch(lacking)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT })
    expect(integrityRefusalOf(error)).toEqual({ code: 'FIELD_MISSING', side: 'request' })
    expect(refusing.handled).toEqual([])
    const holding = await grpcShop({ integrity: createIntegrity(), present: { [path]: safe } })
    await grpcClient(holding.port, createIntegrity()).dispatch(lacking)
    expect(holding.handled.map((batch) => presentOf(batch))).toMatchObject([
      { hold: true, held: ['orders.0.hold_for_review'] },
    ])
  })
})

describe('a check that passes everything', () => {
  const broken = (): Integrity => integrityWith({}, { ...integrityRules, judge: () => ({ kind: 'intact' }) })

  it('is noticed with grpc-js: what was padded on the way reaches the handler', async () => {
    const shop = await grpcShop({ integrity: broken() })
    const client = grpcClient(await relay(shop.port, { requests: padded }), createIntegrity())
    expect((await client.dispatch(small)).approved).toEqual(approved)
    expect(shop.handled).toHaveLength(1)
  })

  it('is noticed with connect-es', async () => {
    const shop = await connectShop(broken())
    const client = connectClient(
      grpcTransport,
      await relay(shop.port, { requests: padded }),
      createIntegrity(),
    )
    expect((await client.dispatch(small)).approved).toEqual(approved)
    expect(shop.handled).toHaveLength(1)
  })
})

const transports = {
  gRPC: grpcTransport,
  'gRPC-web': grpcWebTransport,
  Connect: connectTransport,
}

describe.each(Object.entries(transports))('connect-es over %s', (_, make) => {
  it('hands on unary calls and streams as they were sent', async () => {
    const shop = await connectShop(createIntegrity())
    const client = connectClient(make, shop.port, createIntegrity())
    expect((await client.dispatch(small)).approved).toEqual(approved)
    const replies: ApprovalMessage[] = []
    for await (const reply of client.dispatchMany(streamOf(small, small))) replies.push(reply)
    expect(replies.map((reply) => reply.approved)).toEqual([approved, approved])
  })

  it('a client without integrity is refused', async () => {
    const shop = await connectShop(createIntegrity())
    const error = await connectClient(make, shop.port)
      .dispatch(small)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: status.DATA_LOSS })
    expect(integrityRefusalOf(error)).toEqual({ code: 'PAYLOAD_UNSTATED', side: 'request' })
    expect(shop.handled).toEqual([])
  })

  it('a server without integrity is not believed', async () => {
    const shop = await connectShop()
    const error = await connectClient(make, shop.port, createIntegrity())
      .dispatch(small)
      .catch((thrown: unknown) => thrown)
    expect(integrityRefusalOf(error)).toEqual({ code: 'PAYLOAD_UNSTATED', side: 'reply' })
    expect(shop.handled).toHaveLength(1)
  })

  it('a message larger than is held is refused', async () => {
    const shop = await connectShop(createIntegrity(), 1000)
    const error = await connectClient(make, shop.port, createIntegrity())
      .dispatch(batchOf('b', 1, 2000))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED })
    expect(shop.handled).toEqual([])
  })
})

describe('connect-es on bad ways', () => {
  it.each(tampers)('a request that was %s is refused, and a reply', async (_, tamper) => {
    const shop = await connectShop(createIntegrity())
    for (const side of ['request', 'reply'] as const) {
      const port = await relay(shop.port, side === 'request' ? { requests: tamper } : { replies: tamper })
      const error = await connectClient(grpcTransport, port, createIntegrity())
        .dispatch(small)
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: status.DATA_LOSS })
      expect(integrityRefusalOf(error)?.side).toBe(side)
      expect(shop.handled).toHaveLength(side === 'request' ? 0 : 1)
    }
  })

  it('and grpc-js understand each other', async () => {
    const [connectSide, grpcSide] = [
      await connectShop(createIntegrity()),
      await grpcShop({ integrity: createIntegrity() }),
    ]
    expect((await grpcClient(connectSide.port, createIntegrity()).dispatch(small)).approved).toEqual(approved)
    expect(
      (await connectClient(grpcTransport, grpcSide.port, createIntegrity()).dispatch(small)).approved,
    ).toEqual(approved)
  })

  it('a sender that compresses is told that it cannot be', async () => {
    const shop = await connectShop(createIntegrity())
    const client = clientOf(grpcTransport, {
      port: shop.port,
      integrity: createIntegrity(),
      sendCompression: compressionGzip,
    })
    await expect(client.dispatch(batchOf('b', 1, 5000))).rejects.toThrow('sendCompression must be off')
    await expect(
      clientOf(grpcTransport, {
        port: shop.port,
        integrity: undefined,
        sendCompression: compressionGzip,
      }).dispatch(small),
    ).rejects.toMatchObject({
      code: status.DATA_LOSS,
    })
    expect(shop.handled).toEqual([])
  })
})

async function connectShop(
  integrity?: Integrity,
  maxMessageBytes = 4_194_304,
): Promise<{ port: number; handled: BatchMessage[] }> {
  const handled: BatchMessage[] = []
  const handle = (batch: BatchMessage): ApprovalMessage => {
    handled.push(batch)
    return approve(batch)
  }
  const routes = (router: ConnectRouter): void => {
    router.service(ordersService, {
      dispatch: (batch: never) => handle(batch),
      dispatchMany: async function* (batches: AsyncIterable<never>) {
        for await (const batch of batches) yield handle(batch)
      },
    } as never)
  }
  const checked = integrity === undefined ? routes : checkedRoutes(routes, integrity, { maxMessageBytes })
  const server = createServer(connectNodeAdapter({ routes: checked }))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, handled }
}

interface OrdersClient {
  dispatch(batch: BatchMessage): Promise<ApprovalMessage>
  dispatchMany(batches: AsyncIterable<BatchMessage>): AsyncIterable<ApprovalMessage>
}

type MakeTransport = (options: Parameters<typeof grpcTransport>[0]) => Transport

function connectClient(make: MakeTransport, port: number, integrity?: Integrity): OrdersClient {
  return clientOf(make, { port, integrity, sendCompression: null })
}

interface ClientOptions {
  readonly port: number
  readonly integrity: Integrity | undefined
  readonly sendCompression: typeof compressionGzip | null
}

function clientOf(make: MakeTransport, { port, integrity, sendCompression }: ClientOptions): OrdersClient {
  const httpClient = createNodeHttpClient({ httpVersion: '2' })
  const transport = make({
    baseUrl: `http://127.0.0.1:${port}`,
    httpClient: integrity === undefined ? httpClient : checkedHttpClient(httpClient, integrity),
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [compressionGzip],
    sendCompression,
    compressMinBytes: 0,
    readMaxBytes: 16_000_000,
    writeMaxBytes: 16_000_000,
  })
  return createClient(ordersService, transport) as unknown as OrdersClient
}

async function* streamOf(...batches: readonly BatchMessage[]): AsyncGenerator<BatchMessage> {
  for (const batch of batches) yield await Promise.resolve(batch)
}
