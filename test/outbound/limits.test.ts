import { describe, expect, it } from 'vitest'
import { Breaker, type BreakerState, type ParsedBreaker, whyOpen } from '../../src/outbound/breaker.ts'
import { parseClientOptions } from '../../src/outbound/options.ts'
import { gate } from '../support/gate.ts'
import { HandClock } from './support/hand-clock.ts'
import { charge, outcomeOf } from './support/lab.ts'
import { sentence } from './support/sentences.ts'

const get = { method: 'GET', path: '/' }

function breaker(options: object, why: typeof whyOpen = whyOpen) {
  const clock = new HandClock()
  const parsed = parseClientOptions({ baseUrl: 'http://x', breaker: options }).breaker as ParsedBreaker
  const states: BreakerState[] = []
  const made = new Breaker(parsed, clock, { changed: (_, to) => states.push(to), whyOpen: why })
  const send = (went: 'well' | 'badly' | 'ignored', tookMs = 1): boolean => {
    const permit = made.enter()
    if (!('generation' in permit)) return false
    made.report(permit, went, tookMs)
    return true
  }
  return { clock, made, send, states }
}

function times(count: number, work: () => void): void {
  for (let at = 0; at < count; at += 1) work()
}

describe('the circuit breaker', () => {
  it('opens after failures in a row, and a success in between begins anew', () => {
    const { made, send } = breaker({ consecutive: 3 })
    times(2, () => send('badly'))
    send('well')
    times(2, () => send('badly'))
    expect(made.state).toBe('closed')
    send('badly')
    expect(made.state).toBe('open')
    expect(send('well')).toBe(false)
  })

  it('opens on a share of failures only with enough traffic, and only within the window', () => {
    const { made, send, clock } = breaker({ ratio: 0.5, minimum: 10, windowMs: 1000 })
    times(9, () => send('badly'))
    expect(made.state).toBe('closed')
    clock.advance(1100)
    times(5, () => send('well'))
    times(4, () => send('badly'))
    expect(made.state).toBe('closed')
    send('badly')
    expect(made.state).toBe('open')
  })

  it('opens on a share of slow sends, although they succeed', () => {
    const { made, send } = breaker({ slowRatio: 0.5, slowMs: 100, minimum: 4 })
    times(2, () => send('well', 50))
    send('well', 101)
    expect(made.state).toBe('closed')
    send('well', 101)
    expect(made.state).toBe('open')
  })

  it('lets as many probes through as it says, closes when all succeed, and opens when one fails', () => {
    const { made, send, clock, states } = breaker({ consecutive: 1, openMs: 1000, probes: 2 })
    send('badly')
    clock.advance(999)
    expect(made.enter()).toEqual({ retryAfterMs: 1 })
    clock.advance(1)
    const [one, two] = [made.enter(), made.enter()]
    expect(made.enter()).toEqual({ retryAfterMs: 0 })
    if ('generation' in one) made.report(one, 'well', 1)
    expect(made.state).toBe('half-open')
    if ('generation' in two) made.report(two, 'badly', 1)
    expect(made.state).toBe('open')
    clock.advance(1000)
    times(2, () => send('well'))
    expect(states).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
  })

  it('does not count a send that its caller gave up, nor one of the time before it changed', () => {
    const { made, send, clock } = breaker({ consecutive: 2, openMs: 1000 })
    const late = made.enter()
    times(5, () => send('ignored'))
    expect(made.state).toBe('closed')
    times(2, () => send('badly'))
    clock.advance(1000)
    const probe = made.enter()
    if ('generation' in late) made.report(late, 'badly', 1)
    expect(made.state).toBe('half-open')
    if ('generation' in probe) made.report(probe, 'ignored', 1)
    expect(send('well')).toBe(true)
    expect(made.state).toBe('closed')
  })

  const mutants: Readonly<Record<string, { readonly why: typeof whyOpen; readonly isOpen: boolean }>> = {
    'never-opens': { why: () => undefined, isOpen: false },
    'ignores-the-minimum': {
      why: (counts, options) => whyOpen(counts, { ...options, minimum: 1 }),
      isOpen: true,
    },
  }
  it.each(Object.entries(mutants))('catches the mutant %s', (_, { why, isOpen }) => {
    const { made, send } = breaker({ ratio: 0.5, minimum: 10 }, why)
    send('badly')
    expect(made.state === 'open').toBe(isOpen)
    times(9, () => send('badly'))
    const holds = breaker({ ratio: 0.5, minimum: 10 })
    times(10, () => holds.send('badly'))
    expect(holds.made.state).toBe('open')
    expect(isOpen || made.state !== holds.made.state).toBe(true)
  })
})

sentence('an open circuit sends nothing, says for how long, and a probe closes it', async (lab) => {
  const client = lab.client({ breaker: { consecutive: 2, openMs: 1000 }, retry: { attempts: 1 } })
  lab.peer.next.push({ status: 500 }, { status: 500 })
  await client.request(get)
  await client.request(get)
  expect(await outcomeOf(client.request(charge()))).toEqual({
    code: 'CIRCUIT_OPEN',
    outcome: 'refused',
    attempts: 0,
  })
  expect(client.stats().breaker).toBe('open')
  lab.clock.advance(1000)
  expect(await outcomeOf(client.request(get))).toMatchObject({ status: 200 })
  expect(client.stats().breaker).toBe('closed')
  expect(lab.peer.seen).toHaveLength(3)
  expect(lab.events.filter(({ type }) => type === 'breaker_changed')).toHaveLength(3)
})

sentence(
  'a bulkhead lets so many run and so many wait, in their order, and refuses the rest unsent',
  async (lab) => {
    const answers = gate()
    lab.peer.always = { until: answers.pass() }
    const client = lab.client({ bulkhead: { calls: 2, queue: 1 } })
    const running = [client.request(charge('a')), client.request(charge('b'))]
    const waiting = client.request(charge('c'))
    expect(await outcomeOf(client.request(charge('d')))).toEqual({
      code: 'BULKHEAD_FULL',
      outcome: 'refused',
      attempts: 0,
    })
    expect(client.stats().bulkhead).toEqual({ running: 2, waiting: 1 })
    answers.open()
    await Promise.all([...running, waiting])
    expect(new Set(lab.peer.seen.map(({ key }) => key))).toEqual(new Set(['a', 'b', 'c']))
    expect(lab.peer.seen.at(-1)?.key).toBe('c')
    expect(client.stats().bulkhead).toEqual({ running: 0, waiting: 0 })
  },
)

sentence('what waits for its turn when the client closes is not sent', async (lab) => {
  const client = lab.client({ bulkhead: { calls: 1, queue: 1 } })
  lab.peer.always = { until: new Promise(() => undefined) }
  const running = outcomeOf(client.request(charge('a')))
  const waiting = outcomeOf(client.request(charge('b')))
  while (lab.peer.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await client.close({ graceMs: 0 })
  expect(await running).toMatchObject({ outcome: 'unknown' })
  expect(await waiting).toMatchObject({ outcome: 'not-sent' })
  expect(lab.peer.seen).toHaveLength(1)
})

sentence('whoever waits at the bulkhead may give up, and its place is free', async (lab) => {
  const answers = gate()
  lab.peer.always = { until: answers.pass() }
  const client = lab.client({ bulkhead: { calls: 1, queue: 1 } })
  const running = client.request(charge('a'))
  const controller = new AbortController()
  const waiting = outcomeOf(client.request(charge('b', { signal: controller.signal })))
  await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  expect(await waiting).toMatchObject({ outcome: 'refused' })
  const late = outcomeOf(client.request(charge('c', { deadlineMs: 1000 })))
  await new Promise((resolve) => setImmediate(resolve))
  lab.clock.advance(1000)
  expect(await late).toMatchObject({ code: 'BULKHEAD_FULL' })
  answers.open()
  await running
  expect(lab.peer.seen).toHaveLength(1)
})

sentence(
  'more requests than connections for longer than the bound are told of once, with the load, and their end',
  async (lab) => {
    const answers = gate()
    lab.peer.always = { until: answers.pass() }
    const client = lab.client({ pool: { connections: 2, saturatedAfterMs: 1000 } })
    const calls = Array.from({ length: 5 }, () => client.request(get))
    while (lab.peer.seen.length < 2) await new Promise((resolve) => setImmediate(resolve))
    lab.clock.advance(999)
    expect(lab.events).toEqual([])
    lab.clock.advance(1)
    lab.clock.advance(5000)
    expect(lab.events).toMatchObject([
      {
        type: 'pool_saturated',
        destination: lab.peer.url,
        connections: 2,
        running: 2,
        pending: 3,
        queued: 3,
        free: 0,
        forMs: 1000,
      },
    ])
    answers.open()
    await Promise.all(calls)
    expect(lab.events[1]).toMatchObject({ type: 'pool_relieved', forMs: 6000 })
    expect(client.stats().pool).toMatchObject({
      queued: 0,
      free: 2,
      saturatedMs: 6000,
      waitMs: { count: 5, max: 6000 },
    })
    expect(lab.peer.connections).toBe(2)
  },
)

sentence('as many requests as connections are no saturation', async (lab) => {
  const answers = gate()
  lab.peer.always = { until: answers.pass() }
  const client = lab.client({ pool: { connections: 3 } })
  const calls = Array.from({ length: 3 }, () => client.request(get))
  while (lab.peer.seen.length < 3) await new Promise((resolve) => setImmediate(resolve))
  lab.clock.advance(10_000)
  answers.open()
  await Promise.all(calls)
  expect(lab.events).toEqual([])
})

sentence(
  'closing waits for what is under way, then breaks it off, and says of it what is known',
  async (lab) => {
    const client = lab.client()
    const never = new Promise(() => undefined)
    lab.peer.always = { until: never }
    const call = outcomeOf(client.request(charge('k')))
    while (lab.peer.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const closed = client.close({ graceMs: 500 })
    await expect(client.request(get)).rejects.toMatchObject({ code: 'CLOSED' })
    lab.clock.advance(500)
    expect(await call).toMatchObject({ outcome: 'unknown' })
    await closed
  },
)
