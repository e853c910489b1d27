import { Code, ConnectError } from '@connectrpc/connect'
import { Metadata } from '@grpc/grpc-js'
import type { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { grpcAttempt, grpcStatus } from '../../src/grpc/index.ts'
import { DefiniteFailure } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { gate } from '../support/gate.ts'
import { KeyedPeer } from '../support/peer.ts'
import { sqlitePlace } from '../support/sqlite-place.ts'
import { sentence } from './support/sentences.ts'
import { failure, passedOn } from './support/failure.ts'
import { orderOf, replyOf } from './support/shop.ts'

sentence('a call with a key runs once, and its retry is answered as it was', async (bench) => {
  const shop = await bench.server({ options: { replayMetadata: ['run'] } })
  const client = bench.plain(shop.port)
  const first = await client.order(orderOf('a'), { key: 'k' })
  const again = await client.order(orderOf('a'), { key: 'k' })
  expect(first).toMatchObject({ code: 0, reply: { id: 'o-a', amount: 1900 } })
  expect(again.reply).toEqual(first.reply)
  expect([first, again].map((told) => told.metadata('idempotency-replayed'))).toEqual([undefined, 'true'])
  expect([first, again].map((told) => told.metadata('run'))).toEqual(['1', '1'])
  expect(shop.journal).toEqual(['a'])
  await client.order(orderOf('a'))
  expect(shop.journal).toEqual(['a', 'a'])
})

sentence('of twenty calls at once with one key one runs, and all get its answer', async (bench) => {
  const door = gate()
  const work = async (): Promise<ReturnType<typeof replyOf>> => {
    await door.pass()
    return replyOf('once')
  }
  const shop = await bench.server({ work, options: { waitMs: 20_000 } })
  const client = bench.plain(shop.port)
  const all = Array.from({ length: 20 }, () => client.order(orderOf('a'), { key: 'k' }))
  await door.arrived
  door.open()
  expect((await Promise.all(all)).map((told) => told.reply?.id)).toEqual(
    Array.from({ length: 20 }, () => 'once'),
  )
  expect(shop.journal).toEqual(['a'])
})

sentence('a key in use is ABORTED, and says when to come back', async (bench) => {
  const door = gate()
  const work = async (): Promise<ReturnType<typeof replyOf>> => {
    await door.pass()
    return replyOf('once')
  }
  const shop = await bench.server({ work })
  const client = bench.plain(shop.port)
  const first = client.order(orderOf('a'), { key: 'k' })
  await door.arrived
  const second = await client.order(orderOf('a'), { key: 'k' })
  expect(second.code).toBe(grpcStatus.ABORTED)
  expect(second.metadata('onceward-problem')).toBe('in-progress')
  expect(second.metadata('grpc-retry-pushback-ms')).toBe('1000')
  door.open()
  expect((await first).reply?.id).toBe('once')
})

sentence(
  'a key with another payload is refused, and neither runs nor harms the first',
  async (bench) => {
    const shop = await bench.server()
    const client = bench.plain(shop.port)
    await client.order(orderOf('a'), { key: 'k' })
    const reused = await client.order(orderOf('a', 1901), { key: 'k' })
    expect(reused.code).toBe(grpcStatus.FAILED_PRECONDITION)
    expect(reused.metadata('onceward-problem')).toBe('key-reused')
    expect((await client.order(orderOf('a'), { key: 'k' })).reply?.id).toBe('o-a')
    expect(shop.journal).toEqual(['a'])
  },
  { catches: ['fingerprint-without-body'] },
)

sentence(
  'a key belongs to its caller',
  async (bench) => {
    const shop = await bench.server()
    const client = bench.plain(shop.port)
    const told = await Promise.all(
      ['x', 'y'].map((account) =>
        client.order(orderOf(account), { key: 'k', metadata: { 'x-account': account } }),
      ),
    )
    expect(told.map(({ reply }) => reply?.id)).toEqual(['o-x', 'o-y'])
  },
  { catches: ['key-without-caller'] },
)

sentence(
  'a key belongs to its method',
  async (bench) => {
    const shop = await bench.server()
    const client = bench.plain(shop.port)
    const told = [
      await client.order(orderOf('a'), { key: 'k' }),
      await client.price(orderOf('a'), { key: 'k' }),
    ]
    expect(told.map(({ code }) => code)).toEqual([0, 0])
    expect(shop.journal).toEqual(['a', 'a'])
  },
  { catches: ['scope-without-path'] },
)

sentence(
  'a status that is the answer is replayed, with its words',
  async (bench) => {
    const work = (): never => failure(bench, grpcStatus.NOT_FOUND, 'no such sku: ü')
    const shop = await bench.server({ work })
    const client = bench.plain(shop.port)
    const first = await client.order(orderOf('a'), { key: 'k' })
    const again = await client.order(orderOf('a'), { key: 'k' })
    expect([first, again]).toMatchObject(
      [0, 1].map(() => ({ code: grpcStatus.NOT_FOUND, details: 'no such sku: ü' })),
    )
    expect(again.metadata('idempotency-replayed')).toBe('true')
    expect(shop.journal).toEqual(['a'])
  },
  { catches: ['nothing-is-final'] },
)

sentence(
  'a status that leaves the outcome open puts the key in doubt, which evidence ends',
  async (bench) => {
    const once = bench.ledger()
    const work = (): never => failure(bench, grpcStatus.INTERNAL, 'lost the database')
    const shop = await bench.server({ once, work })
    const client = bench.plain(shop.port)
    expect((await client.order(orderOf('a'), { key: 'k' })).code).toBe(grpcStatus.INTERNAL)
    const second = await client.order(orderOf('a'), { key: 'k' })
    expect(second.code).toBe(grpcStatus.FAILED_PRECONDITION)
    expect(second.metadata('onceward-problem')).toBe('in-doubt')
    const ref = second.metadata('onceward-ref') ?? ''
    expect((await once.lookup(ref))?.state).toBe('in_doubt')
    expect(shop.journal).toEqual(['a'])
    const value = {
      status: 200,
      headers: [
        ['grpc-status', '5'],
        ['grpc-message', 'never ordered'],
      ],
    }
    await once.doubts.resolve(ref, { happened: true, value, by: 'anna', because: 'asked the warehouse' })
    expect(await client.order(orderOf('a'), { key: 'k' })).toMatchObject({
      code: 5,
      details: 'never ordered',
    })
    expect(shop.journal).toEqual(['a'])
  },
  { catches: ['everything-is-final', 'ambiguous-frees-the-key', 'doubt-asks-for-more'] },
)

sentence('a method of which a status says that nothing has begun frees its key by it', async (bench) => {
  let isBusy = true
  const work = (): ReturnType<typeof replyOf> => {
    if (isBusy) return failure(bench, grpcStatus.RESOURCE_EXHAUSTED, 'busy')
    return replyOf('at last')
  }
  const outcome = ({ code }: { readonly code: number }, path: string): 'no-effect' | undefined =>
    code === grpcStatus.RESOURCE_EXHAUSTED && path === '/shop.v1.Shop/Order' ? 'no-effect' : undefined
  const shop = await bench.server({ work, options: { outcome } })
  const client = bench.plain(shop.port)
  expect((await client.order(orderOf('a'), { key: 'k' })).code).toBe(grpcStatus.RESOURCE_EXHAUSTED)
  isBusy = false
  expect((await client.order(orderOf('a'), { key: 'k' })).reply?.id).toBe('at last')
})

sentence('a keyed handler that failed in between is resumed with the same effect key', async (bench) => {
  const peer = new KeyedPeer(60_000, Date.now)
  const work = (_: unknown, effectKey: string): ReturnType<typeof replyOf> => {
    peer.do(effectKey)
    return peer.requests.length === 1 ? failure(bench, grpcStatus.UNAVAILABLE, 'reset') : replyOf('charged')
  }
  const shop = await bench.server({ work, options: { safety: 'keyed' } })
  const client = bench.plain(shop.port)
  expect((await client.order(orderOf('a'), { key: 'k' })).code).toBe(grpcStatus.UNAVAILABLE)
  expect((await client.order(orderOf('a'), { key: 'k' })).reply?.id).toBe('charged')
  expect(peer.requests).toHaveLength(2)
  expect(peer.journal).toHaveLength(1)
})

sentence('with the ledger out nothing runs: UNAVAILABLE, and when to come back', async (bench) => {
  const once = bench.ledger()
  const shop = await bench.server({ once })
  await once.close()
  const told = await bench.plain(shop.port).order(orderOf('a'), { key: 'k' })
  expect(told.code).toBe(grpcStatus.UNAVAILABLE)
  expect(told.metadata('onceward-problem')).toBe('store-unavailable')
  expect(told.metadata('grpc-retry-pushback-ms')).toBe('1000')
  expect(shop.journal).toEqual([])
})

sentence('a client that leaves, by cancel or deadline, leaves its answer for the retry', async (bench) => {
  const doors = [gate(), gate()]
  const once = bench.ledger()
  const ended: Promise<unknown>[] = []
  once.on('succeeded', () => ended.push(Promise.resolve()))
  const work = async ({ sku }: { readonly sku: string }): Promise<ReturnType<typeof replyOf>> => {
    await doors[Number(sku)]?.pass()
    return replyOf(`made ${sku}`)
  }
  const shop = await bench.server({ work, once, options: { waitMs: 20_000 } })
  const client = bench.plain(shop.port)
  const leaving = new AbortController()
  const cancelled = client.order(orderOf('0'), { key: 'k-0', signal: leaving.signal })
  await doors[0]?.arrived
  leaving.abort()
  expect((await cancelled).code).toBe(grpcStatus.CANCELLED)
  const late = client.order(orderOf('1'), { key: 'k-1', options: { deadline: Date.now() + 150 } })
  expect((await late).code).toBe(grpcStatus.DEADLINE_EXCEEDED)
  for (const door of doors) door.open()
  const told = await Promise.all(['0', '1'].map((sku) => client.order(orderOf(sku), { key: `k-${sku}` })))
  expect(told.map(({ reply }) => reply?.id)).toEqual(['made 0', 'made 1'])
  expect(shop.journal).toEqual(['0', '1'])
})

sentence(
  'a handler that passes on the error of a call of its own passes on that its outcome is unknown, and no more',
  async (bench) => {
    const work = (): never => passedOn(bench, grpcStatus.FAILED_PRECONDITION)
    const shop = await bench.server({ work })
    const client = bench.client(shop.port)
    const first = await client.order(orderOf('a'), { key: 'k' })
    expect(first.code).toBe(grpcStatus.FAILED_PRECONDITION)
    expect(first.metadata('onceward-problem')).toBeUndefined()
    const second = await client.order(orderOf('a'), { key: 'k' })
    expect(second.metadata('onceward-problem')).toBe('in-doubt')
    expect(second.metadata('onceward-ref')).not.toBe('of another')
    expect(shop.journal).toEqual(['a'])
  },
  { catches: ['passed-on-is-final'] },
)

sentence('a handler that is too late is in doubt, until its answer ends the doubt', async (bench) => {
  const door = gate()
  const once = bench.ledger()
  const resolved = Promise.withResolvers<void>()
  once.on('resolved', () => resolved.resolve())
  const work = async (): Promise<ReturnType<typeof replyOf>> => {
    await door.pass()
    return replyOf('late')
  }
  const shop = await bench.server({ work, once, options: { timeoutMs: 50 } })
  const client = bench.plain(shop.port)
  const first = await client.order(orderOf('a'), { key: 'k' })
  expect(first.code).toBe(grpcStatus.DEADLINE_EXCEEDED)
  expect(first.metadata('onceward-problem')).toBe('no-answer')
  door.open()
  await resolved.promise
  expect((await client.order(orderOf('a'), { key: 'k' })).reply?.id).toBe('late')
  expect(shop.journal).toEqual(['a'])
})

sentence('a transaction commits rows and answer together', async (bench) => {
  const place = sqlitePlace()
  const once = bench.ledger({ store: sqliteStore({ path: place.path }) })
  const work = async ({ sku }: { readonly sku: string }): Promise<ReturnType<typeof replyOf>> => {
    await grpcAttempt()?.transaction((client: DatabaseSync) => {
      place.insert(client, sku)
      return replyOf('committed')
    })
    return failure(bench, grpcStatus.INTERNAL, 'died behind the commit')
  }
  const shop = await bench.server({ once, work, options: { safety: 'transactional' } })
  const client = bench.plain(shop.port)
  const told = [
    await client.order(orderOf('a'), { key: 'k' }),
    await client.order(orderOf('a'), { key: 'k' }),
  ]
  expect(told.map(({ reply }) => reply?.id)).toEqual(['committed', 'committed'])
  expect(place.rows()).toEqual(['a'])
})

sentence('a key is required where the options say so, and must be readable', async (bench) => {
  const shop = await bench.server({ options: { require: ['/shop.v1.Shop/Order'] } })
  const client = bench.plain(shop.port)
  const told = [
    await client.order(orderOf('a')),
    await client.order(orderOf('a'), { key: 'k,k' }),
    await client.price(orderOf('b')),
  ]
  expect(told.map(({ code }) => code)).toEqual([3, 3, 0])
  expect(told.map(({ metadata }) => metadata('onceward-problem'))).toEqual([
    'key-missing',
    'key-malformed',
    undefined,
  ])
  expect(shop.journal).toEqual(['b'])
})

sentence('a caller whom the options cannot name is refused', async (bench) => {
  const shop = await bench.server({ options: { caller: () => '' } })
  const told = await bench.plain(shop.port).order(orderOf('a'), { key: 'k' })
  expect(told.code).toBe(grpcStatus.UNAUTHENTICATED)
  expect(told.metadata('onceward-problem')).toBe('caller-unknown')
  expect(shop.journal).toEqual([])
})

sentence(
  'rich details of an error are replayed, other metadata of it is not',
  async (bench) => {
    const work = (): never => {
      const metadata = new Metadata()
      metadata.set('grpc-status-details-bin', Buffer.from([8, 5]))
      metadata.set('x-request', '1')
      throw Object.assign(new Error('no'), { code: grpcStatus.NOT_FOUND, details: 'no', metadata })
    }
    const shop = await bench.server({ work })
    const client = bench.plain(shop.port)
    const told = [
      await client.order(orderOf('a'), { key: 'k' }),
      await client.order(orderOf('a'), { key: 'k' }),
    ]
    const values = (name: string): readonly unknown[] => told.map(({ metadata }) => metadata(name))
    expect(values('grpc-status-details-bin')).toEqual(['\b\u0005', '\b\u0005'])
    expect(values('x-request')).toEqual(['1', undefined])
  },
  { on: ['grpc-js'] },
)

sentence('an answer that is larger than the ledger keeps is sent, and never made again', async (bench) => {
  const id = 'x'.repeat(300_000)
  const shop = await bench.server({ work: () => replyOf(id) })
  const client = bench.plain(shop.port)
  expect((await client.order(orderOf('a'), { key: 'k' })).reply?.id).toBe(id)
  const again = await client.order(orderOf('a'), { key: 'k' })
  expect(again.code).toBe(grpcStatus.ALREADY_EXISTS)
  expect(again.metadata('onceward-problem')).toBe('answer-not-kept')
  expect(shop.journal).toEqual(['a'])
})

sentence('a replay that the server compresses can be read', async (bench) => {
  const id = 'x'.repeat(5_000)
  const shop = await bench.server({ work: () => replyOf(id) })
  const client = bench.plain(shop.port)
  await client.order(orderOf('a'), { key: 'k' })
  expect((await client.order(orderOf('a'), { key: 'k' })).reply?.id).toBe(id)
})

sentence(
  'a DefiniteFailure of a handler is final, and the details of errors are replayed',
  async (bench) => {
    const work = ({ sku }: { readonly sku: string }): never => {
      if (sku === 'definite') throw new DefiniteFailure('card declined', { code: 'declined' })
      const error = new ConnectError('no', Code.OutOfRange)
      error.details.push({ type: 'shop.v1.Why', value: new Uint8Array([1, 2, 3]) })
      throw error
    }
    const shop = await bench.server({ work })
    const client = bench.plain(shop.port)
    const definite = [
      await client.order(orderOf('definite'), { key: 'k' }),
      await client.order(orderOf('definite'), { key: 'k' }),
    ]
    expect(definite.map(({ code }) => code)).toEqual([9, 9])
    expect(definite.map(({ metadata }) => metadata('onceward-problem'))).toEqual(['failed', 'failed'])
    const told = [
      await client.order(orderOf('x'), { key: 'x' }),
      await client.order(orderOf('x'), { key: 'x' }),
    ]
    const details = told.map(({ metadata }) => metadata('grpc-status-details-bin'))
    expect(told.map(({ code }) => code)).toEqual([11, 11])
    if (bench.library === 'connect-grpc') expect(details[0]).toBeDefined()
    expect(details[1]).toBe(details[0])
    expect(shop.journal).toEqual(['definite', 'x'])
  },
  { on: ['connect', 'connect-grpc'] },
)
