import { createServer } from 'node:net'
import { once } from 'node:events'
import { expect } from 'vitest'
import { problemIn, settled } from './support/client.ts'
import { sentences, useUpstream } from './support/sentences.ts'

const sentence = sentences(useUpstream())

sentence('a request with a key reaches the upstream once, and its retry is answered alike', async (lab) => {
  const gateway = await lab.gateway()
  const key = lab.key()
  const asked = { path: '/orders', key, body: '{"a":1}', headers: { 'content-type': 'application/json' } }
  const first = await lab.ask(gateway, asked)
  const again = await lab.ask(gateway, asked)
  expect(first).toMatchObject({ status: 201, headers: { 'content-type': 'application/json' } })
  expect(first.headers['idempotency-replayed']).toBeUndefined()
  expect(again).toMatchObject({ status: 201, text: first.text, headers: { 'idempotency-replayed': 'true' } })
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence('of twenty requests with one key at once, one reaches the upstream', async (lab) => {
  const gateway = await lab.gateway()
  const key = lab.key()
  const told = await Promise.all(
    Array.from({ length: 20 }, () => lab.ask(gateway, { path: '/orders', key, body: 'x' })),
  )
  expect(told.filter(({ status }) => status !== 201 && status !== 409)).toEqual([])
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence(
  'a cut behind the first byte leaves the key in doubt, says so with the ref, and is never sent on again',
  async (lab) => {
    const gateway = await lab.gateway()
    for (const path of ['/cut', '/half']) {
      const key = lab.key()
      const first = await lab.ask(gateway, { path, key, body: 'x' })
      expect(first.status).toBe(409)
      expect(problemIn(first)).toBe('in-doubt')
      const again = await lab.ask(gateway, { path, key, body: 'x' })
      expect(again.status).toBe(409)
      expect(again.json).toMatchObject({ ref: first.json['ref'] })
      expect(await gateway.once.lookup(String(first.json['ref']))).toMatchObject({ state: 'in_doubt' })
      expect(await lab.upstream.count(key)).toBe(1)
    }
  },
  ['cut-frees-the-key', 'reset-is-not-sent'],
)

sentence(
  'a request that never left leaves its key free',
  async (lab) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    for (const upstream of [`http://127.0.0.1:${port}`, 'http://there-is-no-such-host.invalid']) {
      const gateway = await lab.gateway({ upstream })
      const key = lab.key()
      const first = await lab.ask(gateway, { path: '/orders', key, body: 'x' })
      expect(first).toMatchObject({ status: 502, headers: { 'retry-after': '1' } })
      expect(problemIn(first)).toBe('upstream-unreachable')
      const { entries } = await gateway.once.entries({ limit: 1 })
      expect(entries[0]).toMatchObject({ state: 'released' })
    }
  },
  ['refused-is-in-doubt'],
)

sentence(
  'a request that no connection was free for is never sent, and leaves its key free',
  async (lab) => {
    const gateway = await lab.gateway({
      limits: { upstreamConnections: 1 },
      routes: [{ path: '/orders', answerMs: 1000 }],
    })
    const [busy, waiting] = [lab.key(), lab.key()]
    const first = lab.ask(gateway, { path: '/hang', key: busy, body: 'x' })
    await lab.upstream.arrived(busy)
    const told = await lab.ask(gateway, { path: '/orders', key: waiting, body: 'x' })
    expect(problemIn(told)).toBe('upstream-unreachable')
    await lab.upstream.release()
    expect((await first).status).toBe(201)
    expect(await lab.upstream.count(waiting)).toBe(0)
    expect((await lab.ask(gateway, { path: '/orders', key: waiting, body: 'x' })).status).toBe(201)
    expect(await lab.upstream.count(waiting)).toBe(1)
  },
  ['sends-whenever'],
)

sentence('a keyed upstream is sent the same key again after a cut', async (lab) => {
  const gateway = await lab.gateway({ routes: [{ path: '/keyed', safety: 'keyed' }] })
  const key = lab.key()
  const first = await lab.ask(gateway, { path: '/keyed', key, body: 'x' })
  expect(first).toMatchObject({ status: 502, headers: { 'retry-after': '1' } })
  expect(problemIn(first)).toBe('upstream-cut')
  const again = await lab.ask(gateway, { path: '/keyed', key, body: 'x' })
  expect(again).toMatchObject({ status: 201, json: { did: `effect of ${key}` } })
  const third = await lab.ask(gateway, { path: '/keyed', key, body: 'x' })
  expect(third.headers['idempotency-replayed']).toBe('true')
  expect(await lab.upstream.count(key)).toBe(2)
})

sentence(
  'what a keyed upstream says of the key itself is not kept as the answer',
  async (lab) => {
    const gateway = await lab.gateway({ routes: [{ path: '/status/:code', safety: 'keyed' }] })
    const key = lab.key()
    expect((await lab.ask(gateway, { path: '/status/409', key, body: 'x' })).status).toBe(409)
    expect((await lab.ask(gateway, { path: '/status/409', key, body: 'x' })).status).toBe(409)
    expect(await lab.upstream.count(key)).toBe(2)
  },
  ['key-in-use-is-final'],
)

sentence(
  'an upstream that can be asked is asked after a cut, and its answer replayed; a no sends the request on again',
  async (lab) => {
    const safety = { kind: 'verifiable', statusPath: '/lookup?key={key}', answerStatus: 201 }
    const routes = [
      { path: '/lost', safety },
      { path: '/cut', safety },
      { path: '/half', safety: { ...safety, didNotHappen: [410] } },
    ]
    const gateway = await lab.gateway({ routes }, { settleMs: 100 })
    const lost = lab.key()
    expect((await lab.ask(gateway, { path: '/lost', key: lost, body: 'x' })).status).toBe(502)
    const replayed = await settled(() => lab.ask(gateway, { path: '/lost', key: lost, body: 'x' }))
    expect(replayed.status).toBe(201)
    expect(await lab.ask(gateway, { path: '/lost', key: lost, body: 'x' })).toMatchObject({
      json: { found: 'done' },
    })
    expect(await lab.upstream.count(lost)).toBe(1)
    const undone = lab.key()
    await lab.ask(gateway, { path: '/cut', key: undone, body: 'x' })
    const sentAgain = await settled(() => lab.ask(gateway, { path: '/cut', key: undone, body: 'x' }))
    expect(problemIn(sentAgain)).toBe('upstream-cut')
    expect(await lab.upstream.count(undone)).toBe(2)
    const unknown = lab.key()
    await lab.ask(gateway, { path: '/half', key: unknown, body: 'x' })
    const doubted = await settled(() => lab.ask(gateway, { path: '/half', key: unknown, body: 'x' }))
    expect(problemIn(doubted)).toBe('in-doubt')
    expect(await lab.upstream.count(unknown)).toBe(1)
  },
  ['silence-is-no', 'yes-is-no'],
)

sentence(
  "what an answer says of the effect is the profile's to say, and the route's before it",
  async (lab) => {
    const gateway = await lab.gateway({
      defaults: { profile: 'acp' },
      routes: [{ path: '/status/503', outcome: { noEffect: [503], ambiguous: ['4xx'] } }],
    })
    const [kept, doubtful, free] = [lab.key(), lab.key(), lab.key()]
    for (const _ of [1, 2]) await lab.ask(gateway, { path: '/status/404', key: kept, body: 'x' })
    expect(await lab.upstream.count(kept)).toBe(1)
    expect((await lab.ask(gateway, { path: '/status/500', key: doubtful, body: 'x' })).status).toBe(500)
    expect(problemIn(await lab.ask(gateway, { path: '/status/500', key: doubtful, body: 'x' }))).toBe(
      'in-doubt',
    )
    expect(await lab.upstream.count(doubtful)).toBe(1)
    for (const _ of [1, 2])
      expect((await lab.ask(gateway, { path: '/status/503', key: free, body: 'x' })).status).toBe(503)
    expect(await lab.upstream.count(free)).toBe(2)
  },
  ['outcome-ignored'],
)

sentence('a late answer settles the doubt it came too late for', async (lab) => {
  const gateway = await lab.gateway({ defaults: { answerMs: 500 } })
  const key = lab.key()
  const first = await lab.ask(gateway, { path: '/hang', key, body: 'x' })
  expect(first.status).toBe(504)
  expect(problemIn(first)).toBe('no-answer')
  expect(problemIn(await lab.ask(gateway, { path: '/hang', key, body: 'x' }))).toBe('in-doubt')
  await lab.upstream.release()
  await expect
    .poll(async () => (await lab.ask(gateway, { path: '/hang', key, body: 'x' })).status, { timeout: 10_000 })
    .toBe(201)
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence('a client that leaves plays no part in what its request comes to', async (lab) => {
  const gateway = await lab.gateway()
  const key = lab.key()
  const leaving = new AbortController()
  const left = lab.ask(gateway, { path: '/hang', key, body: 'x', signal: leaving.signal }).catch(() => 'left')
  await lab.upstream.arrived(key)
  leaving.abort()
  expect(await left).toBe('left')
  expect((await lab.ask(gateway, { path: '/hang', key, body: 'x' })).status).toBe(409)
  await lab.upstream.release()
  await expect
    .poll(async () => (await lab.ask(gateway, { path: '/hang', key, body: 'x' })).status, { timeout: 10_000 })
    .toBe(201)
  expect(await lab.upstream.count(key)).toBe(1)
})

sentence(
  'callers do not share keys; with one name they do',
  async (lab) => {
    const gateway = await lab.gateway()
    const key = lab.key()
    for (const authorization of ['Bearer a', 'Bearer b'])
      expect(
        (await lab.ask(gateway, { path: '/orders', key, body: 'x', headers: { authorization } })).status,
      ).toBe(201)
    expect(await lab.upstream.count(key)).toBe(2)
    const { entries } = await gateway.once.entries({ limit: 10 })
    expect(JSON.stringify(entries)).not.toContain('Bearer')
  },
  ['all-callers-are-one'],
)
