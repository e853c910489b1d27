import { toBinary } from '@bufbuild/protobuf'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { expect, it, onTestFinished } from 'vitest'
import { grpcServerInterceptor, grpcStatus, withExactBytes } from '../../src/grpc/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { startShop } from './support/grpc-js-shop.ts'
import { sentence } from './support/sentences.ts'
import { orderOf, OrderRequestSchema, shopDefinition } from './support/shop.ts'

const [a, b, empty] = [orderOf('a'), orderOf('b'), orderOf('', 0)]

sentence(
  'a client stream is claimed whole: its retry is answered, another stream refused',
  async (bench) => {
    const shop = await bench.server()
    const client = bench.plain(shop.port)
    const first = await client.import([a, b], { key: 'k' })
    const again = await client.import([a, b], { key: 'k' })
    expect([first, again].map(({ reply }) => reply?.id)).toEqual(['a+b', 'a+b'])
    expect(again.metadata('idempotency-replayed')).toBe('true')
    for (const other of [[b, a], [a], [a, b, empty], [a, b, b]]) {
      const reused = await client.import(other, { key: 'k' })
      expect(reused.metadata('onceward-problem')).toBe('key-reused')
    }
    expect(shop.journal).toEqual(['a+b'])
  },
  { catches: ['messages-run-together', 'messages-in-any-order'] },
)

sentence('an empty client stream is a request as well', async (bench) => {
  const shop = await bench.server()
  const client = bench.plain(shop.port)
  const told = [await client.import([], { key: 'k' }), await client.import([], { key: 'k' })]
  expect(told.map(({ reply }) => reply?.amount)).toEqual([1, 1])
})

sentence(
  'a client stream that is cancelled, or cut with its connection, begins nothing',
  async (bench) => {
    const shop = await bench.server()
    const proxy = await bench.proxy(shop.port)
    const client = bench.plain(proxy.port)
    const leaving = new AbortController()
    const cancelled = client.import([a], { key: 'k', isOpen: true, signal: leaving.signal })
    // The server has had the stream's first message by the time it answers this call, which was sent behind it.
    await client.price(orderOf('1'))
    leaving.abort()
    expect((await cancelled).code).toBe(grpcStatus.CANCELLED)
    const cut = client.import([a], { key: 'k', isOpen: true })
    await client.price(orderOf('2'))
    proxy.reset()
    expect((await cut).code).not.toBe(0)
    expect(await bench.plain(shop.port).import([a, b], { key: 'k' })).toMatchObject({ reply: { id: 'a+b' } })
    expect(shop.journal).toEqual(['1', '2', 'a+b'])
  },
  { catches: ['cut-is-the-end'] },
)

sentence('a client stream is bounded, by the number of its messages too', async (bench) => {
  const shop = await bench.server({ options: { maxRequestBytes: 100 } })
  const client = bench.plain(shop.port)
  const tooMany = await client.import(
    Array.from({ length: 30 }, () => empty),
    { key: 'k' },
  )
  expect(tooMany.code).toBe(grpcStatus.RESOURCE_EXHAUSTED)
  const tooLarge = await client.order(orderOf('x'.repeat(120)), { key: 'l' })
  expect(tooLarge.code).toBe(grpcStatus.RESOURCE_EXHAUSTED)
  expect(shop.journal).toEqual([])
  expect((await client.import([a], { key: 'k' })).reply?.id).toBe('a')
})

sentence('methods that answer with a stream pass, and are refused with a key', async (bench) => {
  const shop = await bench.server({ options: { require: true } })
  const client = bench.plain(shop.port)
  expect((await client.watch(a)).reply?.id).toBe('w-1')
  const refused = await client.watch(a, { key: 'k' })
  expect(refused.code).toBe(grpcStatus.INVALID_ARGUMENT)
  expect(refused.details).toContain('not guarded')
})

it('the exact bytes of a request count: the same fields in another order are another request', async () => {
  const once = createOnceward({ store: memoryStore() })
  const shop = await startShop({ interceptors: [grpcServerInterceptor(once, { caller: 'anonymous' })] })
  const [sku, amount] = [
    toBinary(OrderRequestSchema, orderOf('a', 0)),
    toBinary(OrderRequestSchema, orderOf('', 5)),
  ]
  const send = (bytes: Uint8Array): Promise<number> => rawCall(shop.port, Buffer.from(bytes))
  expect(await send(Buffer.concat([sku, amount]))).toBe(grpcStatus.OK)
  expect(await send(Buffer.concat([sku, amount]))).toBe(grpcStatus.OK)
  expect(await send(Buffer.concat([amount, sku]))).toBe(grpcStatus.FAILED_PRECONDITION)
  // A field of a later version of the schema.
  expect(await send(Buffer.concat([sku, amount, Buffer.from([0x18, 1])]))).toBe(
    grpcStatus.FAILED_PRECONDITION,
  )
  expect(shop.journal).toEqual(['a'])
})

it('a service without withExactBytes is not taken for guarded: a call with a key is refused', async () => {
  const once = createOnceward({ store: memoryStore() })
  const told: unknown[] = []
  const interceptor = grpcServerInterceptor(once, {
    caller: 'anonymous',
    onError: (error) => told.push(error),
  })
  const shop = await startShop({ interceptors: [interceptor], isPlain: true })
  expect(await rawCall(shop.port, Buffer.from(toBinary(OrderRequestSchema, a)))).toBe(grpcStatus.INTERNAL)
  expect(String(told[0])).toContain('withExactBytes')
  expect(shop.journal).toEqual([])
})

it('what is no service definition is refused', () => {
  const refused = (): unknown => withExactBytes({ order: { path: '/a/b' } })
  expect(refused).toThrow(/definition\.order must be a method/)
})

function rawCall(port: number, bytes: Buffer): Promise<number> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  onTestFinished(() => client.close())
  const metadata = new Metadata()
  metadata.set('idempotency-key', 'k')
  const same = (given: Buffer): Buffer => given
  return new Promise((resolve) => {
    client.makeUnaryRequest(shopDefinition.order.path, same, same, bytes, metadata, (error) =>
      resolve(error?.code ?? grpcStatus.OK),
    )
  })
}
