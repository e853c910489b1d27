import { expect } from 'vitest'
import { idempotencyKeyTarget, keylessTarget } from '../../src/outbound/targets.ts'
import type { TargetProfile } from '../../src/outbound/target.ts'
import { gate } from '../support/gate.ts'
import { charge, outcomeOf } from './support/lab.ts'
import { sentence } from './support/sentences.ts'

const get = { method: 'GET', path: '/' }

sentence(
  'the seven statuses are retried, and no other 4xx or 5xx is',
  async (lab) => {
    const client = lab.client()
    for (const status of [408, 425, 429, 500, 502, 503, 504]) {
      lab.peer.next.push({ status })
      expect([status, await outcomeOf(client.request(get))]).toMatchObject([
        status,
        { status: 200, attempts: 2 },
      ])
    }
    for (const status of [400, 401, 402, 403, 404, 405, 409, 410, 412, 422, 423, 451, 501, 505]) {
      lab.peer.next.push({ status })
      expect(await outcomeOf(client.request(get))).toMatchObject({ status, attempts: 1 })
    }
  },
  ['retries-every-error', 'retries-no-status'],
)

sentence(
  'an unsafe call is retried on a status only with a key, and with the same one',
  async (lab) => {
    const client = lab.client()
    lab.peer.next.push({ status: 503 })
    expect(await outcomeOf(client.request(charge()))).toMatchObject({ status: 503, attempts: 1 })
    lab.peer.next.push({ status: 503 }, { status: 429 })
    const intent = { operation: 'charge', key: ['order', 1] }
    expect(await outcomeOf(client.request(charge(undefined, { intent })))).toMatchObject({
      status: 200,
      attempts: 3,
    })
    expect(new Set(lab.peer.seen.map(({ key }) => key)).size).toBe(2)
    // The same work in another call, or in another process, has the same key.
    await client.request(charge(undefined, { intent }))
    expect(lab.peer.seen.at(-1)?.key).toBe(lab.peer.seen[1]?.key)
    expect(lab.peer.totalEffects).toBe(1)
  },
  ['keyless-is-resent'],
)

sentence(
  'a target without keys gets none, and nothing that may have arrived is sent to it again',
  async (lab) => {
    const client = lab.client({ target: keylessTarget })
    lab.peer.next.push({ reset: 'after' })
    expect(await outcomeOf(client.request(charge('k')))).toMatchObject({ outcome: 'unknown', attempts: 1 })
    expect(lab.peer.seen.map(({ key }) => key)).toEqual([undefined])
  },
  ['keyless-is-resent'],
)

sentence(
  'an intent that says blind is believed before the profile of the target',
  async (lab) => {
    lab.peer.next.push({ reset: 'after' })
    const intent = { operation: 'mail', key: '1', safety: 'blind' as const }
    const call = lab.client().request(charge(undefined, { intent }))
    expect(await outcomeOf(call)).toMatchObject({ outcome: 'unknown', attempts: 1 })
    expect(lab.peer.seen).toHaveLength(1)
  },
  ['keyless-is-resent'],
)

sentence(
  'a key is not sent again when the target may forget it before that send is over',
  async (lab) => {
    const target: TargetProfile = { ...idempotencyKeyTarget, keyLifetimeMs: 60_000 }
    const client = lab.client({ target, timeoutMs: 10_000, deadlineMs: 600_000, retry: { attempts: 9 } })
    lab.peer.always = { status: 503, headers: { 'retry-after': '40' } }
    // Sent at 0 s and 40 s. At 80 s the key would be too old.
    expect(await outcomeOf(client.request(charge('k')))).toMatchObject({ status: 503, attempts: 2 })
  },
  ['lifetime-ignored'],
)

sentence(
  'a key whose lifetime is nearly over is sent only once',
  async (lab) => {
    const target: TargetProfile = { ...idempotencyKeyTarget, keyLifetimeMs: 12_000 }
    const client = lab.client({ target, timeoutMs: 5000, deadlineMs: 60_000 })
    const answer = gate()
    lab.peer.next.push({ until: answer.pass(), reset: 'after' })
    const call = outcomeOf(client.request(charge('k')))
    await answer.arrived
    while (lab.peer.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
    lab.clock.advance(4000)
    answer.open()
    expect(await call).toMatchObject({ status: 200, attempts: 2 })
    lab.peer.always = { status: 503, headers: { 'retry-after': '8' } }
    expect(await outcomeOf(client.request(charge('l')))).toMatchObject({ status: 503, attempts: 1 })
  },
  ['lifetime-ignored'],
)

sentence(
  'Retry-After is never undercut, as seconds and as a date, which is read by the clock that wrote it',
  async (lab) => {
    const client = lab.client({ deadlineMs: 900_000 })
    lab.peer.next.push({ status: 503, headers: { 'retry-after': '120' } })
    await client.request(get)
    // The target's clock is an hour behind ours.
    const date = new Date(lab.clock.wallMs() - 3_600_000)
    const at = new Date(date.getTime() + 60_000)
    lab.peer.next.push({
      status: 429,
      headers: { date: date.toUTCString(), 'retry-after': at.toUTCString() },
    })
    await client.request(get)
    lab.peer.next.push({ status: 503, headers: { 'retry-after': 'soon' } })
    await client.request(get)
    const [first = 0, second = 0, third = 0] = lab.clock.waits
    expect(first).toBeGreaterThanOrEqual(120_000)
    expect(second).toBeGreaterThanOrEqual(60_000)
    expect(first).toBeLessThan(121_000)
    expect(second).toBeLessThan(61_000)
    expect(third).toBeLessThan(1000)
  },
  ['retry-after-undercut', 'retry-after-date-unread', 'own-clock-believed'],
)

sentence(
  'a Retry-After beyond the deadline is RETRY_LATER with the time, and nothing is scheduled',
  async (lab) => {
    const client = lab.client({ deadlineMs: 10_000 })
    lab.peer.next.push({ status: 429, headers: { 'retry-after': '60' } })
    const at = new Date(lab.clock.wallMs() + 60_000).toISOString()
    expect(await outcomeOf(client.request(charge('k')))).toEqual({
      code: 'RETRY_LATER',
      outcome: 'refused',
      attempts: 1,
      at,
    })
    // Without a key as well, and where it may have been carried out that is said.
    lab.peer.next.push({ status: 503, headers: { 'retry-after': '60' } })
    expect(await outcomeOf(client.request(charge()))).toMatchObject({
      code: 'RETRY_LATER',
      outcome: 'unknown',
    })
    expect(lab.clock.waits).toEqual([])
    expect(lab.peer.seen).toHaveLength(2)
  },
  ['later-is-clamped'],
)

sentence(
  'the deadline holds for all attempts and waits together',
  async (lab) => {
    const client = lab.client({ deadlineMs: 1000, retry: { attempts: 50, baseMs: 400, capMs: 400 } })
    lab.peer.always = { status: 503 }
    const beganMs = lab.clock.monotonicMs()
    expect(await outcomeOf(client.request(get))).toMatchObject({ status: 503 })
    expect(lab.clock.monotonicMs() - beganMs).toBeLessThan(1000)
    expect(lab.peer.seen.length).toBeLessThan(40)
  },
  ['deadline-overrun'],
)

sentence('waits grow with full jitter, up to the cap', async (lab) => {
  const client = lab.client({ retry: { attempts: 9, baseMs: 100, capMs: 1600 }, deadlineMs: 1e8 })
  lab.peer.always = { status: 503 }
  for (let calls = 0; calls < 10; calls += 1) await client.request(get)
  const byRetry = Array.from({ length: 8 }, (_, retry) =>
    lab.clock.waits.filter((_wait, at) => at % 8 === retry),
  )
  for (const [retry, waits] of byRetry.entries()) {
    expect(Math.max(...waits)).toBeLessThan(Math.min(100 * 2 ** retry, 1600) + 2)
    expect(new Set(waits).size).toBeGreaterThan(5)
  }
})

sentence(
  'retries are within a fifth of the first calls of a destination, whichever client makes them, and three are in any case',
  async (lab) => {
    lab.peer.always = { status: 503 }
    const [one, two] = [lab.client({ budget: {} }), lab.client({ budget: {} })]
    const calls = Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? one : two).request(get))
    await Promise.all(calls)
    expect(lab.peer.seen.length).toBeGreaterThan(110)
    expect(lab.peer.seen.length).toBeLessThanOrEqual(120)
    expect(lab.events.some(({ type }) => type === 'budget_spent')).toBe(true)
    lab.clock.advance(11_000)
    lab.peer.seen.length = 0
    for (let call = 0; call < 3; call += 1) await one.request(get)
    expect(lab.peer.seen).toHaveLength(6)
  },
  ['no-budget', 'budget-without-minimum'],
)

sentence(
  'a retry is counted when it is scheduled: those that wait have their place already',
  async (lab) => {
    lab.clock.isAutomatic = false
    lab.peer.always = { status: 503 }
    const client = lab.client({ budget: { ratio: 0.2, min: 3 } })
    const calls = Array.from({ length: 50 }, () => client.request(get))
    while (client.stats().answered < 50) await new Promise((resolve) => setImmediate(resolve))
    expect(lab.clock.pending.foreground).toBe(10)
    lab.clock.isAutomatic = true
    lab.clock.advance(200)
    await Promise.all(calls)
    expect(lab.peer.seen).toHaveLength(60)
  },
  ['no-budget'],
)

const stripeLike: TargetProfile = {
  name: 'stripe-like',
  key: { in: 'header', name: 'Idempotency-Key' },
  keyLifetimeMs: 86_400_000,
  retryStatuses: [409],
  retryHint: ({ headers }) => {
    const hint = headers['stripe-should-retry']
    return hint === 'true' ? 'retry' : hint === 'false' ? 'final' : undefined
  },
}

sentence(
  "the target's own statuses and its word on a retry are heeded",
  async (lab) => {
    const client = lab.client({ target: stripeLike })
    lab.peer.next.push({ status: 409 })
    expect(await outcomeOf(client.request(charge('a')))).toMatchObject({ status: 200, attempts: 2 })
    lab.peer.next.push({ status: 503, headers: { 'stripe-should-retry': 'false' } })
    expect(await outcomeOf(client.request(charge('b')))).toMatchObject({ status: 503, attempts: 1 })
    lab.peer.next.push({ status: 400, headers: { 'stripe-should-retry': 'true' } })
    expect(await outcomeOf(client.request(charge('c')))).toMatchObject({ status: 200, attempts: 2 })
  },
  ['target-not-asked'],
)

sentence(
  'an answer that is the first result of a repeated key is done',
  async (lab) => {
    const target: TargetProfile = { ...idempotencyKeyTarget, duplicateStatuses: [409] }
    lab.peer.next.push({ reset: 'after' }, { status: 409, body: 'the first result' })
    const call = lab.client({ target }).request(charge('k'))
    expect(await outcomeOf(call)).toMatchObject({ status: 409, attempts: 2, body: 'the first result' })
  },
  ['target-not-asked'],
)

sentence(
  '"key in use", "too many" and "not you" do not say how a call ended that may have been carried out before',
  async (lab) => {
    const client = lab.client({ retry: { attempts: 2 } })
    for (const status of [409, 429, 401, 503]) {
      lab.peer.next.push({ reset: 'after' }, { status })
      const outcome = await outcomeOf(client.request(charge(`k-${status}`)))
      expect(outcome).toMatchObject({ code: 'SEND_UNKNOWN', outcome: 'unknown', attempts: 2 })
    }
    lab.peer.next.push({ status: 500 }, { status: 429 })
    expect(await outcomeOf(client.request(charge('m')))).toMatchObject({ outcome: 'unknown', attempts: 2 })
    lab.peer.next.push({ status: 500 }, { status: 500 })
    expect(await outcomeOf(client.request(charge('n')))).toMatchObject({ status: 500, attempts: 2 })
    lab.peer.next.push({ reset: 'after' }, { status: 404 })
    expect(await outcomeOf(client.request(get))).toMatchObject({ status: 404, attempts: 2 })
    lab.peer.next.push({ status: 409 })
    expect(await outcomeOf(client.request(charge('l')))).toMatchObject({ status: 409, attempts: 1 })
  },
  ['conflict-is-a-no'],
)

sentence(
  'a target whose status says yes while it asks for another try is believed the latter',
  async (lab) => {
    const target: TargetProfile = {
      ...idempotencyKeyTarget,
      retryHint: ({ body }) => (Buffer.from(body).includes('in progress') ? 'retry' : undefined),
    }
    lab.peer.next.push({ status: 200, body: 'in progress' }, { status: 200, body: 'done' })
    const call = lab.client({ target }).request(charge('k'))
    expect(await outcomeOf(call)).toMatchObject({ status: 200, attempts: 2, body: 'done' })
    lab.peer.always = { status: 200, body: 'in progress' }
    const second = lab.client({ target }).request(charge('l'))
    expect(await outcomeOf(second)).toMatchObject({ outcome: 'unknown', attempts: 3 })
  },
  ['target-not-asked'],
)

sentence(
  'only a safe or keyed call is hedged, with the same key, and the first answer that is done counts',
  async (lab) => {
    const slow = gate()
    const client = lab.client({ hedge: { afterMs: 50 } })
    const arrivals = async (count: number): Promise<void> => {
      while (lab.peer.seen.length < count) await new Promise((resolve) => setImmediate(resolve))
    }
    lab.peer.next.push({ until: slow.pass() })
    const keyed = outcomeOf(client.request(charge('k')))
    await arrivals(1)
    lab.clock.advance(50)
    expect(await keyed).toMatchObject({ status: 200, attempts: 2 })
    expect(lab.peer.seen.map(({ key }) => key)).toEqual(['k', 'k'])
    lab.peer.next.push({ until: slow.pass() })
    const keyless = outcomeOf(client.request(charge()))
    await arrivals(3)
    lab.clock.advance(50)
    slow.open()
    expect(await keyless).toMatchObject({ status: 200, attempts: 1 })
    expect(lab.peer.seen).toHaveLength(3)
    expect(lab.peer.effects).toEqual(
      new Map([
        ['k', 1],
        ['', 1],
      ]),
    )
  },
  ['hedges-anything'],
)

sentence(
  'of two at once, what the first was answered is not forgotten over the no to the second',
  async (lab) => {
    const [first, second] = [gate(), gate()]
    const client = lab.client({ hedge: { afterMs: 50 } })
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
    }
    lab.peer.next.push(
      { until: first.pass(), status: 503 },
      { until: second.pass(), status: 429 },
      { status: 403 },
    )
    const call = outcomeOf(client.request(charge('k')))
    await until(() => lab.peer.seen.length === 1)
    lab.clock.advance(50)
    await until(() => lab.peer.seen.length === 2)
    first.open()
    await until(() => client.stats().answered === 1)
    second.open()
    // 503 may have been carried out; 403 is said of the third send alone.
    expect(await call).toMatchObject({ outcome: 'unknown', attempts: 3 })
  },
)

sentence('a key that holds the time is refused before anything is sent', async (lab) => {
  const client = lab.client()
  const key = `batch-${lab.clock.wallMs()}`
  await expect(client.request(charge(key))).rejects.toMatchObject({ code: 'KEY_UNSTABLE' })
  expect(lab.peer.seen).toHaveLength(0)
})

sentence('no timer is left once nothing is under way and the last limit has passed', async (lab) => {
  const client = lab.client({ timeoutMs: 1000 })
  await Promise.all(Array.from({ length: 20 }, () => client.request(get)))
  expect(lab.clock.pending.background).toBeLessThanOrEqual(1)
  lab.clock.advance(1000)
  expect(lab.clock.pending).toEqual({ background: 0, foreground: 0 })
})
