import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(12)
const leaseMs = 1000
const mail: Intent = { operation: 'mail', key: 'order-1', leaseMs }
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, safety: 'keyed' }

rule('after close everything is refused with CLOSED, and nothing reaches the store', async (lab) => {
  const { once, tap } = lab.worker()
  const peer = new Peer()
  await lab.until(once.close())
  const callsBefore = tap.calls.length
  const calls = {
    run: () => once.run(mail, () => peer.do('mail')),
    execute: () => once.execute(mail, () => peer.do('mail')),
    lookup: () => once.lookup(mail),
    entries: () => once.entries(),
    'doubts.list': () => once.doubts.list(),
    'doubts.resolve': () => once.doubts.resolve(mail, { happened: false, by: 'Ada', because: 'seen' }),
    sweep: () => once.sweep(),
    open: () => once.open(),
  }
  for (const [name, call] of Object.entries(calls))
    expect([name, await lab.code(call())]).toEqual([name, 'CLOSED'])
  expect(peer.journal).toEqual([])
  expect(tap.calls).toHaveLength(callsBefore)
})

rule(
  'close waits for what runs, with heartbeats on, so that nobody takes it over meanwhile',
  async (lab) => {
    const [owner, other] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const door = gate()
    const run = owner.once.run(charge, async () => {
      peer.do('charge')
      await door.pass()
      return 'charged'
    })
    await door.arrived
    const closed = owner.once.close({ graceMs: leaseMs * 20 })
    await lab.time.advance(leaseMs * 5)
    expect(await lab.code(other.once.run({ ...charge, waitMs: 0 }, () => peer.do('charge')))).toBe(
      'IN_PROGRESS',
    )
    door.open()
    expect(await lab.until(run)).toBe('charged')
    await lab.until(closed)
    expect(peer.count('charge')).toBe(1)
  },
  ['no-heartbeat'],
)

rule('close returns as soon as nothing runs any more', async (lab) => {
  const { once } = lab.worker()
  const door = gate()
  void once.run(mail, () => door.pass())
  await door.arrived
  const closed = once.close({ graceMs: 60_000 })
  await lab.time.advance(10)
  door.open()
  await lab.until(closed)
  expect(lab.time.elapsedMs).toBe(10)
})

rule(
  'what still runs after graceMs is aborted, and its caller hears CLOSED; it is never released',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const reasons: unknown[] = []
    const run = first.once.run(mail, ({ signal }) => {
      peer.do('mail')
      signal.addEventListener('abort', () => reasons.push((signal.reason as { code: unknown }).code))
      return never()
    })
    await lab.time.quiet()
    await lab.until(first.once.close({ graceMs: 100 }))
    expect(await lab.code(run)).toBe('CLOSED')
    expect(reasons).toEqual(['CLOSED'])
    expect(lab.row(mail).state).toBe('started')
    expect(await lab.code(second.once.run(mail, () => peer.do('mail')))).toBe('IN_DOUBT')
    expect(peer.count('mail')).toBe(1)
  },
  ['close-releases-started-work'],
)

rule('an effect that stops when it is aborted still writes how it ended', async (lab) => {
  const { once, tap, runtime } = lab.worker()
  let isClosed = false
  tap.hooks.close = (_, next) => {
    isClosed = true
    return next(undefined)
  }
  tap.hooks.settle = (requests, next) =>
    isClosed ? Promise.reject(new StoreFault('unavailable', 'the store is closed')) : next(requests)
  const run = once.run(
    mail,
    ({ signal }) =>
      new Promise((_, reject) => {
        const stop = (): void => reject(new DefiniteFailure('stopped before it was sent'))
        signal.addEventListener('abort', () => void runtime.setTimer(50, stop))
      }),
  )
  await lab.time.quiet()
  await lab.until(once.close({ graceMs: 100 }))
  await lab.code(run)
  expect(lab.row(mail)).toMatchObject({ state: 'failed', error: { message: 'stopped before it was sent' } })
})

rule('an effect that returns after close loses nothing', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const peer = new Peer()
  const door = gate()
  const run = first.once.run(mail, async () => {
    await door.pass()
    return peer.do('mail')
  })
  await door.arrived
  await lab.until(first.once.close({ graceMs: 0 }))
  expect(await lab.code(run)).toBe('CLOSED')
  door.open()
  await lab.time.quiet()
  expect(['IN_DOUBT', 'ok']).toContain(await lab.code(second.once.run(mail, () => peer.do('mail'))))
  expect(peer.count('mail')).toBe(1)
})

rule('closing twice is closing once', async (lab) => {
  const { once, tap } = lab.worker()
  const closing = [once.close(), once.close({ graceMs: 5 })]
  await lab.until(Promise.all(closing))
  await lab.until(once.close())
  expect(tap.calls.filter((call) => call.method === 'close')).toHaveLength(1)
})

rule('a sweep that hangs does not keep close from ending', async (lab) => {
  const worker = lab.worker({ sweep: { everyMs: 1000 } })
  await lab.until(worker.once.open())
  worker.tap.hooks.list = () => never()
  await lab.time.advance(5000)
  expect(worker.tap.calls.map((call) => call.method)).toContain('list')
  const beganMs = lab.time.elapsedMs
  await lab.until(worker.once.close({ graceMs: 1000 }))
  expect(lab.time.elapsedMs - beganMs).toBeLessThan(60_000)
})

rule('a store that does not close ends close with STORE_UNAVAILABLE, after storeTimeoutMs', async (lab) => {
  const { once, tap } = lab.worker({ storeTimeoutMs: 2000 })
  tap.hooks.close = () => never()
  expect(await lab.code(once.close())).toBe('STORE_UNAVAILABLE')
  expect(lab.time.elapsedMs).toBe(2000)
  expect(await lab.code(once.run(mail, () => 'sent'))).toBe('CLOSED')
})

rule('callers of one process wait in memory: no reads, no pause', async (lab) => {
  const { once, tap } = lab.worker()
  const door = gate<string>()
  const runs = [once.run(mail, () => door.pass())]
  await door.arrived
  const claims = tap.requests('claim').length
  for (let waiters = 0; waiters < 20; waiters += 1) runs.push(once.run(mail, () => 'again'))
  await lab.time.advance(300)
  const wokenMs = lab.time.elapsedMs
  door.open('sent')
  expect(new Set(await lab.until(Promise.all(runs)))).toEqual(new Set(['sent']))
  expect(lab.time.elapsedMs).toBe(wokenMs)
  expect(tap.requests('claim')).toHaveLength(claims)
  expect(tap.calls.filter((call) => call.method === 'read')).toEqual([])
})

rule('others poll with jitter, at least four times a second and never in step', async (lab) => {
  const owner = lab.worker()
  const door = gate<string>()
  void owner.once.run(mail, () => door.pass())
  await door.arrived
  const readsAtMs: number[] = []
  const other = lab.worker()
  other.tap.hooks.read = (refs, next) => {
    readsAtMs.push(lab.time.elapsedMs)
    return next(refs)
  }
  const run = other.once.run({ ...mail, waitMs: 20_000 }, () => 'again')
  await lab.time.advance(10_000)
  const pausesMs = readsAtMs.slice(1).map((atMs, index) => atMs - (readsAtMs[index] ?? 0))
  expect(pausesMs.length).toBeGreaterThan(40)
  expect(Math.max(...pausesMs)).toBeLessThanOrEqual(250)
  expect(new Set(pausesMs.map(Math.round)).size).toBeGreaterThan(10)
  door.open('sent')
  expect(await lab.until(run)).toBe('sent')
})

rule(
  'an effect that waits for its own entry is refused with OPTION_INVALID, however deep inside',
  async (lab) => {
    const { once } = lab.worker()
    const codes: (string | undefined)[] = []
    const inner = { ...charge, waitMs: 1000 }
    const again = async (): Promise<void> => {
      await Promise.resolve()
      const error = await once.run(inner, () => 'again').catch((thrown: unknown) => thrown)
      codes.push((error as { code?: string }).code)
    }
    await lab.until(
      once.run(charge, async () => {
        await again()
        await once.run(mail, again)
      }),
    )
    expect(codes).toEqual(['OPTION_INVALID', 'OPTION_INVALID'])
  },
  ['waits-on-itself'],
)

rule('an effect may run other intents, and the same one once it is done', async (lab) => {
  const { once } = lab.worker()
  const run = once.run(charge, () => once.run(mail, () => 'sent'))
  expect(await lab.until(run)).toBe('sent')
  expect(await lab.until(once.run(charge, () => 'again'))).toBe('sent')
})

rule('waiting has its bounds: waitMs, and maxWaiters for each entry', async (lab) => {
  const { once } = lab.worker({ maxWaiters: 1 })
  const door = gate<string>()
  const first = once.run({ ...mail, leaseMs: 60_000 }, () => door.pass())
  await door.arrived
  const patient = once.run({ ...mail, waitMs: 500 }, () => 'again')
  await lab.time.quiet()
  const turnedAwayMs = lab.time.elapsedMs
  expect(await lab.code(once.run(mail, () => 'again'))).toBe('IN_PROGRESS')
  expect(lab.time.elapsedMs).toBe(turnedAwayMs)
  expect(await lab.code(patient)).toBe('IN_PROGRESS')
  expect(lab.time.elapsedMs).toBe(500)
  door.open('sent')
  expect(await lab.until(first)).toBe('sent')
})

rule('who does not want to wait is refused at once with IN_PROGRESS, and told for how long', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const door = gate<string>()
  void first.once.run(mail, () => door.pass())
  await door.arrived
  for (const { once } of [first, second]) {
    const error = await lab.error(once.run({ ...mail, onConcurrent: 'reject' }, () => 'again'))
    expect(error).toMatchObject({ code: 'IN_PROGRESS', details: { retryAfterMs: leaseMs } })
  }
  expect(lab.time.elapsedMs).toBe(0)
})

rule(
  'one who will not wait waits for the verdict of a call of the same process: a replay is not in progress',
  async (lab) => {
    const { once } = lab.worker()
    const peer = new Peer()
    const impatient: Intent = { ...mail, onConcurrent: 'reject' }
    await lab.until(once.run(impatient, () => peer.do('mail')))
    const replays = Array.from({ length: 20 }, () => once.run(impatient, () => peer.do('mail')))
    expect(await lab.until(Promise.all(replays))).toEqual(Array.from({ length: 20 }, () => 'mail #1'))
    expect(peer.count('mail')).toBe(1)
  },
)

rule('one who will not wait is told at once while the work runs, and a mismatch first', async (lab) => {
  const { once } = lab.worker()
  const peer = new Peer()
  const door = gate()
  const impatient: Intent = { ...mail, input: { to: 'a' }, onConcurrent: 'reject' }
  const work = async (): Promise<string> => {
    await door.pass()
    return peer.do('mail')
  }
  const first = once.run(impatient, work)
  const others = [impatient, { ...impatient, input: { to: 'b' } }].map((intent) =>
    lab.code(once.run(intent, work)),
  )
  expect(await Promise.all(others)).toEqual(['IN_PROGRESS', 'KEY_REUSED'])
  door.open()
  expect(await lab.until(first)).toBe('mail #1')
})
