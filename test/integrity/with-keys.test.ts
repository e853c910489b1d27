import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createClient } from '@connectrpc/connect'
import { connectNodeAdapter, createNodeHttpClient } from '@connectrpc/connect-node'
import { createTransport } from '@connectrpc/connect/protocol-grpc'
import { type ServiceDefinition, status } from '@grpc/grpc-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  checkedDefinition,
  checkedHttpClient,
  checkedRoutes,
  connectServerInterceptor,
  grpcClientInterceptor,
  grpcOutcome,
  grpcServerInterceptor,
  integrityRefusalOf,
  integrityServerInterceptor,
  withExactBytes,
} from '../../src/grpc/index.ts'
import { createOnceward, type Onceward } from '../../src/index.ts'
import { createIntegrity, type Integrity } from '../../src/integrity/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { approve, grpcClient, type GrpcShop, grpcShop, plainDefinition } from './support/grpc-shop.ts'
import { relay, type Tamper } from './support/relay.ts'
import { type ApprovalMessage, type BatchMessage, batchOf, ordersService } from './support/shop.ts'

const batch = batchOf('b', 20, 10)
const other = batchOf('c', 20, 10)
const cut: Tamper = (message) => message.subarray(0, message.length - 3)

/** What the way back carried, and whether it is cut on it. */
interface Way {
  readonly port: number
  readonly replies: readonly Buffer[]
}

async function way(port: number, cuts: 'request' | 'reply' | 'nothing'): Promise<Way> {
  const replies: Buffer[] = []
  const tampers = {
    ...(cuts === 'request' ? { requests: cut } : {}),
    replies: (message: Buffer) => {
      replies.push(Buffer.from(message))
      return cuts === 'reply' ? cut(message) : undefined
    },
  }
  return { port: await relay(port, tampers), replies }
}

type Dispatch = (batch: BatchMessage, key: string) => Promise<ApprovalMessage>

interface Side {
  start(once: Onceward): Promise<GrpcShop>
  client(port: number): Dispatch
}

type Nested = (definition: ServiceDefinition, integrity: Integrity) => ServiceDefinition

const grpcJs = (nested: Nested): Side => ({
  start: (once) =>
    grpcShop({
      definition: nested(plainDefinition, createIntegrity()),
      interceptors: [
        integrityServerInterceptor(),
        grpcServerInterceptor(once, { caller: 'anonymous', require: true }),
      ],
    }),
  client: (port) => {
    const client = grpcClient(port, createIntegrity())
    return (message, key) => client.dispatch(message, key)
  },
})

const outside: Nested = (definition, integrity) => checkedDefinition(withExactBytes(definition), integrity)

const sides: Readonly<Record<string, Side>> = {
  'grpc-js, integrity outside': grpcJs(outside),
  'grpc-js, integrity inside': grpcJs((definition, integrity) =>
    withExactBytes(checkedDefinition(definition, integrity)),
  ),
  'connect-es': { start: connectShop, client: connectClient },
}

describe.each(Object.entries(sides))('integrity and keys together, %s', (_, side) => {
  it('two calls with one key are handled once, and the replay is the same bytes in one frame', async () => {
    const shop = await side.start(ledger().once)
    const { port, replies } = await way(shop.port, 'nothing')
    const dispatch = side.client(port)
    const told = [await dispatch(batch, 'k'), await dispatch(batch, 'k')]
    expect(told).toEqual([approve(batch), approve(batch)])
    expect(shop.handled).toHaveLength(1)
    expect(replies[1]?.equals(replies[0] as Buffer)).toBe(true)
    await expect(dispatch(other, 'k')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION })
    expect(shop.handled).toHaveLength(1)
  })

  it('a request that is cut on the way is refused before anything is claimed, and its key is free', async () => {
    const { once, claims } = ledger()
    const shop = await side.start(once)
    const bad = await way(shop.port, 'request')
    const error = await side
      .client(bad.port)(batch, 'k')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: status.DATA_LOSS })
    expect(integrityRefusalOf(error)?.side).toBe('request')
    // A call behind it, so that whatever the first one left to be done has been done.
    await side.client(shop.port)(other, 'l')
    expect(claims()).toBe(1)
    expect(shop.handled).toHaveLength(1)
    expect(await side.client(shop.port)(batch, 'k')).toEqual(approve(batch))
  })

  it('after a reply that was cut on the way, the key brings the answer and not the work again', async () => {
    const shop = await side.start(ledger().once)
    const bad = await way(shop.port, 'reply')
    const error = await side
      .client(bad.port)(batch, 'k')
      .catch((thrown: unknown) => thrown)
    expect(integrityRefusalOf(error)?.side).toBe('reply')
    expect(await side.client(shop.port)(batch, 'k')).toEqual(approve(batch))
    expect(shop.handled).toHaveLength(1)
  })
})

it('a client with both asks again with its key after a reply that was cut, and says unknown where all are', async () => {
  const shop = await grpcJs(outside).start(ledger().once)
  let replies = 0
  let from = 2
  const port = await relay(shop.port, { replies: (message) => (++replies < from ? cut(message) : undefined) })
  const keys = grpcClientInterceptor({
    key: ({ message }) => (message as BatchMessage).id,
    retry: { baseMs: 1 },
  })
  const client = grpcClient(port, createIntegrity(), { before: [keys] })
  expect(await client.dispatch(batch)).toEqual(approve(batch))
  expect(replies).toBe(2)
  expect(shop.handled).toHaveLength(1)
  from = Infinity
  const error = await client.dispatch(other).catch((thrown: unknown) => thrown)
  expect(grpcOutcome(error)).toBe('unknown')
  expect(integrityRefusalOf(error)?.side).toBe('reply')
  expect(replies).toBe(5)
  expect(shop.handled).toHaveLength(2)
})

it('what was kept before the replies had frames is replayed in one, with integrity outside', async () => {
  const { once } = ledger()
  const bare = await grpcShop({
    definition: withExactBytes(plainDefinition),
    interceptors: [grpcServerInterceptor(once, { caller: 'anonymous' })],
  })
  expect(await grpcClient(bare.port).dispatch(batch, 'k')).toEqual(approve(batch))
  const side = grpcJs(outside)
  const shop = await side.start(once)
  expect(await side.client(shop.port)(batch, 'k')).toEqual(approve(batch))
  expect(shop.handled).toEqual([])
})

function ledger(): { once: Onceward; claims: () => number } {
  const once = createOnceward({ store: memoryStore(), scope: 'shop' })
  let claims = 0
  once.on('claimed', () => (claims += 1))
  onTestFinished(() => once.close())
  return { once, claims: () => claims }
}

async function connectShop(once: Onceward): Promise<GrpcShop> {
  const handled: BatchMessage[] = []
  const dispatch = (message: BatchMessage): ApprovalMessage => {
    handled.push(message)
    return approve(message)
  }
  const server = createServer(
    connectNodeAdapter({
      interceptors: [connectServerInterceptor(once, { caller: 'anonymous', require: true })],
      routes: checkedRoutes(
        (router) => void router.service(ordersService, { dispatch } as never),
        createIntegrity(),
      ),
    }),
  )
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, handled }
}

function connectClient(port: number): Dispatch {
  const transport = createTransport({
    baseUrl: `http://127.0.0.1:${port}`,
    httpClient: checkedHttpClient(createNodeHttpClient({ httpVersion: '2' }), createIntegrity()),
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1024,
    readMaxBytes: 4_194_304,
    writeMaxBytes: 4_194_304,
  })
  const client = createClient(ordersService, transport) as unknown as {
    dispatch(message: BatchMessage, options: { headers: Record<string, string> }): Promise<ApprovalMessage>
  }
  return (message, key) => client.dispatch(message, { headers: { 'idempotency-key': key } })
}
