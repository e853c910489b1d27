import { Metadata, status as grpcJsStatus } from '@grpc/grpc-js'
import { expect, it } from 'vitest'
import { grpcOutcome, grpcStatus, withoutChannelRetries } from '../../src/grpc/index.ts'
import { gate } from '../support/gate.ts'
import { shopClient } from './support/grpc-js-shop.ts'
import { rawPeer, refuse, reply, trailersOnly } from './support/raw-peer.ts'
import { sentence } from './support/sentences.ts'
import { orderOf } from './support/shop.ts'

const order = orderOf('sku-1')
const inGrpc = ['grpc-js', 'connect-grpc'] as const

sentence(
  'a reply that is cut off is asked for again under the same key, and the work is done once',
  async (bench) => {
    const shop = await bench.server({ options: { waitMs: 20_000 } })
    const proxy = await bench.proxy(shop.port)
    const client = bench.client(proxy.port)
    const cut = proxy.cut({ at: 'reply', when: 'sku-1' })
    const told = await client.order(order, { key: 'k' })
    expect(told).toMatchObject({ code: 0, reply: { id: 'o-sku-1' } })
    expect(told.metadata('idempotency-replayed')).toBe('true')
    expect(cut.count).toBe(1)
    expect(shop.journal).toEqual(['sku-1'])
  },
  { catches: ['nothing-retried'] },
)

sentence(
  'without a key what may have arrived is not sent again, and is said to be unknown',
  async (bench) => {
    const shop = await bench.server({ isBare: true })
    const proxy = await bench.proxy(shop.port)
    const client = bench.client(proxy.port)
    proxy.cut({ at: 'reply', when: 'sku-1' })
    const told = await client.order(order)
    expect(told.code).not.toBe(0)
    expect(told.metadata('onceward-outcome')).toBe('unknown')
    expect(told.metadata('onceward-attempts')).toBe('1')
    expect(shop.journal).toEqual(['sku-1'])
  },
  { catches: ['unknown-is-not-sent', 'keyless-resent'] },
)

sentence('a method without side effects is asked again without a key', async (bench) => {
  const shop = await bench.server({ isBare: true })
  const proxy = await bench.proxy(shop.port)
  const client = bench.client(
    proxy.port,
    bench.library === 'grpc-js' ? { safe: ['/shop.v1.Shop/Price'] } : {},
  )
  proxy.cut({ at: 'reply', when: 'sku-1' })
  expect((await client.price(order)).code).toBe(0)
  expect(shop.journal).toEqual(['sku-1', 'sku-1'])
})

sentence(
  'where nobody listens nothing was sent: it is tried again without a key, and said at the end',
  async (bench) => {
    const shop = await bench.server()
    const { port } = await bench.proxy(shop.port).then(async (proxy) => {
      await proxy.close()
      return proxy
    })
    const told = await bench.client(port).order(order)
    expect(told.code).toBe(grpcStatus.UNAVAILABLE)
    expect(told.metadata('onceward-outcome')).toBe('not-sent')
    expect(told.metadata('onceward-attempts')).toBe('3')
  },
  { catches: ['everything-may-have-arrived'] },
)

sentence(
  'a stream that the server refused was not carried out: it is sent again without a key',
  async (bench) => {
    const peer = await rawPeer((stream, number) => (number < 3 ? refuse(stream) : reply(stream)))
    const told = await bench.client(peer.port).order(order)
    expect(told.reply?.id).toBe('from the raw peer')
    expect(peer.calls).toHaveLength(3)
  },
  { catches: ['everything-may-have-arrived'], on: inGrpc },
)

sentence(
  'a status OK without a whole message is unknown, however the library calls it',
  async (bench) => {
    for (const cutAfterBytes of [0, 3, 10]) {
      const peer = await rawPeer((stream) => reply(stream, { cutAfterBytes }))
      const told = await bench.client(peer.port).order(order)
      expect(told.code).not.toBe(0)
      expect(told.metadata('onceward-outcome')).toBe('unknown')
      expect(peer.calls).toHaveLength(1)
      const keyed = await rawPeer((stream, number) => reply(stream, number < 3 ? { cutAfterBytes } : {}))
      const again = await bench.client(keyed.port).order(order, { key: 'k' })
      expect(again.reply?.id).toBe('from the raw peer')
      expect(keyed.calls.map(({ key }) => key)).toEqual(['k', 'k', 'k'])
    }
  },
  { catches: ['ok-is-done'], on: inGrpc },
)

sentence(
  'UNIMPLEMENTED is a no where the server said it, and unknown where the library made it of a cut reply',
  async (bench) => {
    const saying = await rawPeer((stream) => trailersOnly(stream, grpcStatus.UNIMPLEMENTED))
    const said = await bench.client(saying.port).order(order, { key: 'k' })
    expect(said.metadata('onceward-outcome')).toBe('refused')
    expect(saying.calls).toHaveLength(1)
    const cutting = await rawPeer((stream) => reply(stream, { cutAfterBytes: 0 }))
    const made = await bench.client(cutting.port).order(order)
    expect(made.code).toBe(grpcStatus.UNIMPLEMENTED)
    expect(made.metadata('onceward-outcome')).toBe('unknown')
  },
  { catches: ['unimplemented-is-no'], on: ['connect-grpc'] },
)

sentence(
  'a pushback that is negative, unreadable or double stops',
  async (bench) => {
    for (const pushback of ['-1', 'soon', '', ['10', '20']]) {
      const peer = await rawPeer((stream) =>
        trailersOnly(stream, grpcStatus.UNAVAILABLE, { 'grpc-retry-pushback-ms': pushback }),
      )
      await bench.client(peer.port).order(order, { key: 'k' })
      expect(peer.calls).toHaveLength(1)
    }
  },
  { catches: ['unreadable-pushback-is-now'], on: inGrpc },
)

sentence(
  'a pushback is waited for, and where it is longer than the call has left, nothing is sent any more',
  async (bench) => {
    const peer = await rawPeer((stream, number) =>
      number === 1
        ? trailersOnly(stream, grpcStatus.UNAVAILABLE, { 'grpc-retry-pushback-ms': '120' })
        : reply(stream),
    )
    const told = await bench.client(peer.port).order(order, { key: 'k' })
    expect(told.code).toBe(0)
    const [first, second] = peer.calls
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(119)
    const long = await rawPeer((stream) =>
      trailersOnly(stream, grpcStatus.UNAVAILABLE, { 'grpc-retry-pushback-ms': '60000' }),
    )
    const later = await bench
      .client(long.port)
      .order(order, { key: 'k', options: { deadline: Date.now() + 10_000 } })
    expect(later.code).toBe(grpcStatus.UNAVAILABLE)
    expect(later.metadata('grpc-retry-pushback-ms')).toBe('60000')
    expect(long.calls).toHaveLength(1)
  },
  { catches: ['pushback-undercut'], on: inGrpc },
)

sentence(
  'what a server means is not asked twice; what it could not do is, under a key only',
  async (bench) => {
    const callsFor = async (
      code: number,
      key?: string,
      more = {},
    ): Promise<readonly [number, string | undefined]> => {
      const peer = await rawPeer((stream) => trailersOnly(stream, code, more))
      const told = await bench.client(peer.port).order(order, key === undefined ? {} : { key })
      return [peer.calls.length, told.metadata('onceward-outcome')]
    }
    const { INVALID_ARGUMENT, PERMISSION_DENIED, UNAVAILABLE, INTERNAL, ABORTED } = grpcStatus
    expect(await callsFor(INVALID_ARGUMENT, 'k')).toEqual([1, 'refused'])
    expect(await callsFor(PERMISSION_DENIED, 'k')).toEqual([1, 'refused'])
    expect(await callsFor(UNAVAILABLE, 'k')).toEqual([3, 'unknown'])
    expect(await callsFor(UNAVAILABLE)).toEqual([1, 'unknown'])
    expect(await callsFor(INTERNAL, 'k')).toEqual([3, 'unknown'])
    expect(await callsFor(ABORTED, 'k')).toEqual([1, 'unknown'])
    expect(await callsFor(ABORTED, 'k', { 'grpc-retry-pushback-ms': '1' })).toEqual([3, 'unknown'])
  },
  { catches: ['refusals-retried', 'keyless-resent'], on: inGrpc },
)

sentence(
  '"key reused" and "in doubt" are no outcomes',
  async (bench) => {
    for (const problem of ['key-reused', 'in-doubt']) {
      const peer = await rawPeer((stream) =>
        trailersOnly(stream, grpcStatus.FAILED_PRECONDITION, { 'onceward-problem': problem }),
      )
      const told = await bench.client(peer.port).order(order, { key: 'k' })
      expect(told.metadata('onceward-outcome')).toBe('unknown')
      expect(peer.calls).toHaveLength(1)
    }
  },
  { catches: ['about-the-key-is-no'], on: inGrpc },
)

sentence(
  'retries to one destination are bounded for all clients of the process',
  async (bench) => {
    const peer = await rawPeer((stream) => trailersOnly(stream, grpcStatus.UNAVAILABLE))
    const options = { budget: { ratio: 0.1, min: 2 }, retry: { attempts: 5, baseMs: 0 } }
    const clients = [bench.client(peer.port, options), bench.client(peer.port, options)]
    for (let call = 0; call < 10; call += 1) await clients[call % 2]?.order(order, { key: `k-${call}` })
    expect(peer.calls).toHaveLength(12)
  },
  { catches: ['no-budget'], on: inGrpc },
)

sentence(
  'a key that is derived names the work: the same in every call, refused where it would change',
  async (bench) => {
    const shop = await bench.server()
    const key = ({ message }: { readonly message: unknown }): readonly string[] => [
      'order',
      (message as { readonly sku: string }).sku,
    ]
    const told = [
      await bench.client(shop.port, { key }).order(order),
      await bench.client(shop.port, { key }).order(order),
    ]
    expect(told.map((each) => each.reply?.id)).toEqual(['o-sku-1', 'o-sku-1'])
    expect(shop.journal).toEqual(['sku-1'])
    const unstable = await bench.client(shop.port, { key: () => ['order', Date.now()] }).order(order)
    expect(unstable.code).toBe(grpcStatus.INVALID_ARGUMENT)
    expect(unstable.metadata('onceward-code')).toBe('KEY_UNSTABLE')
    expect(shop.journal).toEqual(['sku-1'])
  },
  { catches: ['key-per-try'] },
)

sentence(
  'a call that is cancelled is not sent again',
  async (bench) => {
    const arrived = gate()
    const peer = await rawPeer((stream, number) => {
      if (number === 1)
        return trailersOnly(stream, grpcStatus.UNAVAILABLE, { 'grpc-retry-pushback-ms': '300' })
      return void arrived.pass()
    })
    const leaving = new AbortController()
    const options = bench.client(peer.port)
    const call = options.order(order, { key: 'k', signal: leaving.signal })
    await arrived.arrived
    leaving.abort()
    expect((await call).code).toBe(grpcStatus.CANCELLED)
    expect(peer.calls).toHaveLength(2)
  },
  { on: inGrpc },
)

sentence(
  'a call that is cancelled while it waits ends at once',
  async (bench) => {
    const peer = await rawPeer((stream) => {
      trailersOnly(stream, grpcStatus.UNAVAILABLE, { 'grpc-retry-pushback-ms': '300000' })
      stream.on('close', () => setTimeout(() => leaving.abort(), 20))
    })
    const leaving = new AbortController()
    const told = await bench.client(peer.port).order(order, { key: 'k', signal: leaving.signal })
    expect(told.code).toBe(grpcStatus.CANCELLED)
    expect(peer.calls).toHaveLength(1)
  },
  { on: inGrpc },
)

sentence(
  'a try that is not answered in time is sent again; the deadline is over all of them',
  async (bench) => {
    const peer = await rawPeer((stream, number) => (number < 2 ? undefined : reply(stream)))
    const told = await bench
      .client(peer.port, { timeoutMs: 300, retry: { attempts: 20 }, budget: { min: 20 } })
      .order(order, { key: 'k' })
    expect(told.reply?.id).toBe('from the raw peer')
    const silent = await rawPeer(() => undefined)
    const late = await bench
      .client(silent.port, { timeoutMs: 120, retry: { attempts: 50, baseMs: 0 } })
      .order(order, { key: 'k', options: { deadline: Date.now() + 300 } })
    expect(late.code).toBe(grpcStatus.DEADLINE_EXCEEDED)
    expect(late.metadata('onceward-outcome')).toBe('unknown')
    expect(silent.calls.length).toBeLessThanOrEqual(3)
  },
  { on: inGrpc },
)

const retryPolicy = {
  maxAttempts: 4,
  initialBackoff: '0.01s',
  maxBackoff: '0.01s',
  backoffMultiplier: 1,
  retryableStatusCodes: ['UNAVAILABLE'],
}
const serviceConfig = JSON.stringify({ methodConfig: [{ name: [{ service: 'shop.v1.Shop' }], retryPolicy }] })

it('a channel with a retry policy sends calls without a key again, and takes no pushback for one: it is refused', async () => {
  const peer = await rawPeer((stream) =>
    trailersOnly(stream, grpcStatus.UNAVAILABLE, { 'grpc-retry-pushback-ms': 'soon' }),
  )
  const channel = { 'grpc.service_config': serviceConfig }
  const told = await shopClient(peer.port, { channel }).order(order)
  expect(told.code).toBe(grpcJsStatus.UNAVAILABLE)
  // What grpc-js itself does: four effects for one call without a key, against the word of the server.
  expect(peer.calls).toHaveLength(4)
  expect(() => withoutChannelRetries(channel)).toThrow(/grpc\.service_config must be without retryPolicy/)
  expect(() => withoutChannelRetries({ 'grpc.service_config': '{' })).toThrow(/must be JSON/)
  const plain = { 'grpc.service_config': '{"methodConfig":[]}', 'grpc.max_send_message_length': 1 }
  expect(withoutChannelRetries(plain)).toMatchObject({ ...plain, 'grpc.enable_retries': 0 })
})

it('grpcOutcome tells of an error of either library what is known of the work', () => {
  const metadata = new Metadata()
  metadata.set('onceward-outcome', 'not-sent')
  expect(grpcOutcome({ metadata })).toBe('not-sent')
  expect(grpcOutcome({ metadata: new Headers({ 'onceward-outcome': 'refused' }) })).toBe('refused')
  expect(grpcOutcome(new Error('of anything else'))).toBe('unknown')
})
