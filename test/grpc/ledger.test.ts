import { join } from 'node:path'
import { expect, it } from 'vitest'
import { grpcClientInterceptor, grpcStatus } from '../../src/grpc/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { gate } from '../support/gate.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { failure } from './support/failure.ts'
import { rawPeer, reply, trailersOnly } from './support/raw-peer.ts'
import { sentence } from './support/sentences.ts'
import { orderOf, replyOf } from './support/shop.ts'

const order = orderOf('sku-1')
const inGrpc = ['grpc-js', 'connect-grpc'] as const

sentence(
  'with a ledger a call is made once, and replayed by another instance with the server gone',
  async (bench) => {
    const path = join(temporaryDirectory(), 'client.db')
    const shop = await bench.server({ isBare: true })
    const first = await bench
      .client(shop.port, { once: bench.ledger({ store: sqliteStore({ path }) }) })
      .order(order, { key: 'k' })
    shop.stop()
    const other = bench.client(shop.port, { once: bench.ledger({ store: sqliteStore({ path }) }) })
    const again = await other.order(order, { key: 'k' })
    expect([first, again].map((told) => told.reply)).toEqual([0, 1].map(() => replyOf('o-sku-1')))
    expect(again.metadata('idempotency-replayed')).toBe('true')
    expect(shop.journal).toEqual(['sku-1'])
    const reused = await other.order(orderOf('sku-1', 1), { key: 'k' })
    expect(reused.code).toBe(grpcStatus.FAILED_PRECONDITION)
    expect(reused.metadata('onceward-code')).toBe('KEY_REUSED')
  },
)

sentence('a refusal is final in the ledger too, and replayed with its words', async (bench) => {
  const work = (): never => failure(bench, grpcStatus.NOT_FOUND, 'no such sku')
  const shop = await bench.server({ isBare: true, work })
  const client = bench.client(shop.port, { once: bench.ledger() })
  const told = [await client.order(order, { key: 'k' }), await client.order(order, { key: 'k' })]
  expect(told.map(({ code, details }) => [code, details])).toEqual([0, 1].map(() => [5, 'no such sku']))
  expect(told.map(({ metadata }) => metadata('onceward-outcome'))).toEqual(['refused', 'refused'])
  expect(shop.journal).toEqual(['sku-1'])
})

sentence(
  'what may have been done is asked for again under the same key, until the server tells',
  async (bench) => {
    const peer = await rawPeer((stream, number) => (number === 1 ? stream.close() : reply(stream)))
    const once = bench.ledger()
    const client = bench.client(peer.port, { once, retry: { attempts: 1 }, key: () => ['order', 1] })
    const first = await client.order(order)
    expect(first.metadata('onceward-outcome')).toBe('unknown')
    expect((await client.order(order)).reply?.id).toBe('from the raw peer')
    const [one, two] = peer.calls.map(({ key }) => key)
    expect(one).toMatch(/^[0-9a-f-]{36}$/)
    expect(two).toBe(one)
  },
  { catches: ['unknown-is-released'], on: inGrpc },
)

sentence(
  'where the server knows no keys, what may have been done is not sent again, and in doubt',
  async (bench) => {
    const peer = await rawPeer((stream) => stream.close())
    const once = bench.ledger()
    const client = bench.client(peer.port, { once, safety: 'blind' })
    let ref: string | undefined
    for (const outcome of ['unknown', 'unknown']) {
      const told = await client.order(order, { key: 'k' })
      expect(told.code).toBe(grpcStatus.FAILED_PRECONDITION)
      expect(told.metadata('onceward-code')).toBe('IN_DOUBT')
      expect(told.metadata('onceward-outcome')).toBe(outcome)
      ref = told.metadata('onceward-ref')
    }
    await once.doubts.resolve(ref ?? '', { happened: true, by: 'anna', because: 'asked the warehouse' })
    const told = await client.order(order, { key: 'k' })
    expect(told.code).toBe(grpcStatus.ALREADY_EXISTS)
    expect(told.metadata('onceward-outcome')).toBe('done')
    expect(peer.calls.map(({ key }) => key)).toEqual(['k'])
  },
  { catches: ['keyless-resent'], on: inGrpc },
)

sentence(
  'a refusal behind a try that may have been done does not say that it was not',
  async (bench) => {
    const peer = await rawPeer((stream, number) =>
      number === 1 ? stream.close() : trailersOnly(stream, grpcStatus.PERMISSION_DENIED),
    )
    const once = bench.ledger()
    const told = await bench.client(peer.port, { once }).order(order, { key: 'k' })
    expect(told.metadata('onceward-outcome')).toBe('unknown')
    const entry = await once.lookup({ operation: '/shop.v1.Shop/Order', key: 'k' })
    expect(entry?.state).toBe('started')
  },
  { catches: ['refusal-speaks-for-all-tries'], on: inGrpc },
)

sentence(
  'what was not sent is free for the next call',
  async (bench) => {
    const shop = await bench.server({ isBare: true })
    const proxy = await bench.proxy(shop.port)
    await proxy.close()
    const once = bench.ledger()
    const told = await bench.client(proxy.port, { once, safety: 'blind' }).order(order, { key: 'k' })
    expect(told.metadata('onceward-outcome')).toBe('not-sent')
    expect((await once.lookup({ operation: '/shop.v1.Shop/Order', key: 'k' }))?.state).toBe('released')
    const again = await bench.client(shop.port, { once, safety: 'blind' }).order(order, { key: 'k' })
    expect(again.reply?.id).toBe('o-sku-1')
    expect(shop.journal).toEqual(['sku-1'])
  },
  { catches: ['not-sent-is-unknown'] },
)

sentence('of twenty calls at once with one key one is sent', async (bench) => {
  const shop = await bench.server({ isBare: true })
  const client = bench.client(shop.port, { once: bench.ledger() })
  const told = await Promise.all(Array.from({ length: 20 }, () => client.order(order, { key: 'k' })))
  expect(told.map((each) => each.reply?.id)).toEqual(told.map(() => 'o-sku-1'))
  expect(shop.journal).toEqual(['sku-1'])
})

sentence('with the ledger out nothing is sent', async (bench) => {
  const shop = await bench.server({ isBare: true })
  const once = bench.ledger()
  await once.close()
  const told = await bench.client(shop.port, { once }).order(order, { key: 'k' })
  expect(told.code).toBe(grpcStatus.UNAVAILABLE)
  expect(told.metadata('onceward-outcome')).toBe('not-sent')
  expect(shop.journal).toEqual([])
})

sentence(
  'who waits for another in the ledger can leave, and leaves by the deadline',
  async (bench) => {
    const door = gate()
    const peer = await rawPeer(() => void door.pass())
    const once = bench.ledger()
    const client = bench.client(peer.port, { once })
    const first = new AbortController()
    const holding = client.order(order, { key: 'k', signal: first.signal })
    await door.arrived
    const late = await client.order(order, { key: 'k', options: { deadline: Date.now() + 150 } })
    expect(late.code).toBe(grpcStatus.DEADLINE_EXCEEDED)
    const leaving = new AbortController()
    const cancelled = client.order(order, { key: 'k', signal: leaving.signal })
    leaving.abort()
    expect((await cancelled).code).toBe(grpcStatus.CANCELLED)
    expect(peer.calls).toHaveLength(1)
    first.abort()
    expect((await holding).code).toBe(grpcStatus.CANCELLED)
  },
  { on: inGrpc },
)

it('a ledger needs the definitions of the services, and says so', () => {
  const once = { execute: () => undefined } as never
  expect(() => grpcClientInterceptor({ once })).toThrow(/services must be the definitions/)
  expect(() => grpcClientInterceptor({ once, services: [{ order: {} }] })).toThrow(/services\[0\] must be/)
  expect(() => grpcClientInterceptor({ retry: { attempts: 0 } })).toThrow(/retry\.attempts must be/)
})
