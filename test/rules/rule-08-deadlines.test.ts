import { expect } from 'vitest'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import type { LabWorker } from '../support/lab.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { type Gate, gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(8)
const leaseMs = 10_000
const mail: Intent = { operation: 'mail', key: 'order-1', leaseMs }
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, safety: 'keyed' }

/** The answer to the worker's next claim is held back until the gate opens. */
function holdClaim(worker: LabWorker): Gate<void> {
  const door = gate()
  worker.tap.hooks.claim = async (requests, next) => {
    delete worker.tap.hooks.claim
    const reply = await next(requests)
    await door.pass()
    return reply
  }
  return door
}

rule(
  'an effect does not begin on a lease that has lapsed while the answer to the claim was on its way',
  async (lab) => {
    const [slow, heir] = [lab.worker({ storeTimeoutMs: 60_000 }), lab.worker()]
    const peer = new Peer()
    const door = holdClaim(slow)
    const run = slow.once.run(charge, () => peer.do('slow')).catch((error: unknown) => error)
    await door.arrived
    await lab.time.advance(leaseMs * 2)
    await lab.until(heir.once.run(charge, () => peer.do('heir')))
    door.open()
    expect(await lab.until(run)).toBe('heir #1')
    expect(peer.journal).toEqual(['heir'])
  },
  ['lease-always-held'],
)

rule(
  'a lease counts as lapsed when the machine slept, though its monotonic clock stood still',
  async (lab) => {
    const [slow, heir] = [lab.worker({ storeTimeoutMs: 60_000 }), lab.worker()]
    const peer = new Peer()
    const door = holdClaim(slow)
    const run = slow.once.run(charge, () => peer.do('slow')).catch((error: unknown) => error)
    await door.arrived
    slow.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 2)
    slow.runtime.monotonicLagMs += leaseMs * 2
    slow.runtime.isFrozen = false
    await lab.until(heir.once.run(charge, () => peer.do('heir')))
    door.open()
    await lab.until(run)
    expect(peer.journal).toEqual(['heir'])
  },
  ['lease-by-monotonic-clock-only', 'lease-always-held'],
)

rule(
  'a lease counts as lapsed when time went by, though the wall clock was set back',
  async (lab) => {
    const [slow, heir] = [lab.worker({ storeTimeoutMs: 60_000 }), lab.worker()]
    const peer = new Peer()
    const door = holdClaim(slow)
    const run = slow.once.run(charge, () => peer.do('slow')).catch((error: unknown) => error)
    await door.arrived
    await lab.time.advance(leaseMs * 2)
    slow.runtime.wallOffsetMs = -3_600_000
    await lab.until(heir.once.run(charge, () => peer.do('heir')))
    door.open()
    await lab.until(run)
    expect(peer.journal).toEqual(['heir'])
  },
  ['lease-by-wall-clock-only', 'lease-always-held'],
)

rule(
  'in the last 15 % of a lease nothing begins before it has been renewed',
  async (lab) => {
    const worker = lab.worker({ storeTimeoutMs: 60_000 })
    const door = holdClaim(worker)
    let renewals = -1
    const run = worker.once.run(mail, () => {
      renewals = worker.tap.requests('renew').length
    })
    await door.arrived
    await lab.time.advance(leaseMs * 0.86)
    door.open()
    await lab.until(run)
    expect(renewals).toBe(1)
  },
  ['lease-without-margin', 'lease-always-held'],
)

rule('the lease is counted from before the claim is sent, not from its answer', async (lab) => {
  const worker = lab.worker({ storeTimeoutMs: 60_000 })
  worker.tap.hooks.claim = async (requests, next) => {
    await new Promise<void>((resolve) => void worker.runtime.setTimer(leaseMs * 0.9, resolve))
    return next(requests)
  }
  let renewals = -1
  await lab.until(
    worker.once.run(mail, () => {
      renewals = worker.tap.requests('renew').length
    }),
  )
  expect(renewals).toBe(1)
})

rule(
  'a worker whose clock runs an hour ahead takes nothing over: the store’s clock decides for others',
  async (lab) => {
    const [owner, hasty] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const door = gate()
    const run = owner.once.run(mail, async () => {
      peer.do('mail')
      await door.pass()
      return 'sent'
    })
    await door.arrived
    hasty.runtime.wallOffsetMs = 3_600_000
    expect(await lab.code(hasty.once.run({ ...mail, waitMs: 5000 }, () => peer.do('mail')))).toBe(
      'IN_PROGRESS',
    )
    door.open()
    expect(await lab.until(run)).toBe('sent')
    expect(peer.count('mail')).toBe(1)
  },
  ['others-judge-by-their-own-clock'],
)

rule('a worker whose clock runs an hour behind takes over what has lapsed', async (lab) => {
  const [dead, late] = [lab.worker(), lab.worker()]
  void dead.once.run(charge, () => never())
  await lab.time.quiet()
  dead.kill()
  late.runtime.wallOffsetMs = -3_600_000
  expect(await lab.until(late.once.run(charge, () => 'charged'))).toBe('charged')
  expect(lab.time.elapsedMs).toBeLessThan(leaseMs * 2)
})

rule(
  'the lease of a long effect is renewed, and nobody takes it over',
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
    for (let tries = 0; tries < 5; tries += 1) {
      await lab.time.advance(leaseMs)
      expect(await lab.code(other.once.run({ ...charge, waitMs: 0 }, () => peer.do('charge')))).toBe(
        'IN_PROGRESS',
      )
    }
    door.open()
    expect(await lab.until(run)).toBe('charged')
    expect(peer.count('charge')).toBe(1)
  },
  ['no-heartbeat'],
)

rule(
  'renewals have a lane of their own: claims that hang cost no lease',
  async (lab) => {
    const base = memoryStore({ share: lab.rows, runtime: lab.time.worker() })
    const isStuck = (requests: readonly { readonly key: string }[]): boolean => requests[0]?.key === 'stuck'
    const owner = lab.worker({
      storeTimeoutMs: 600_000,
      store: { ...base, claim: (requests) => (isStuck(requests) ? never() : base.claim(requests)) },
    })
    const door = gate<string>()
    const run = owner.once.run(charge, () => door.pass())
    await door.arrived
    void owner.once.run({ ...charge, key: 'stuck' }, () => 'never')
    await lab.time.advance(leaseMs * 3)
    const rival = lab.worker().once.run({ ...charge, waitMs: 0 }, () => 'again')
    expect(await lab.code(rival)).toBe('IN_PROGRESS')
    door.open('charged')
    expect(await lab.until(run)).toBe('charged')
  },
  ['renewals-queue-behind-claims', 'no-heartbeat'],
)

rule('who cannot renew in time stops: the signal aborts, and the caller hears LEASE_LOST', async (lab) => {
  const { once, tap } = lab.worker()
  tap.hooks.renew = () => Promise.reject(new StoreFault('unavailable', 'the network is down'))
  const aborted: string[] = []
  const run = once.run(mail, ({ signal }) => {
    signal.addEventListener('abort', () => aborted.push(String(lab.time.elapsedMs <= leaseMs)))
    return never()
  })
  expect(await lab.code(run)).toBe('LEASE_LOST')
  expect(aborted).toEqual(['true'])
})

rule('a renewal that comes through again in time loses nothing', async (lab) => {
  const worker = lab.worker()
  let failures = 3
  worker.tap.hooks.renew = (requests, next) => {
    failures -= 1
    return failures >= 0 ? Promise.reject(new StoreFault('lost', 'reset')) : next(requests)
  }
  const door = gate<string>()
  const run = worker.once.run(mail, () => door.pass())
  await door.arrived
  await lab.time.advance(leaseMs * 2)
  door.open('sent')
  expect(await lab.until(run)).toBe('sent')
})

rule(
  'no step begins on a lease that has lapsed',
  async (lab) => {
    const [sleeper, heir] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const door = gate()
    const order: Intent = { operation: 'order', key: 'order-1', leaseMs, steps: true }
    const run = sleeper.once.run(order, async (attempt: Attempt) => {
      await door.pass()
      return attempt.step('charge', { safety: 'keyed' }, () => peer.do('sleeper'))
    })
    await door.arrived
    sleeper.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 2)
    await lab.until(heir.once.run(order, (attempt) => attempt.step('charge', () => peer.do('heir'))))
    door.open()
    expect(await lab.code(run)).toBe('LEASE_LOST')
    expect(peer.journal).toEqual(['heir'])
  },
  ['lease-always-held'],
)

rule('a lease has lapsed for others exactly when it is over, not before', async (lab) => {
  const dead = lab.worker()
  void dead.once.run(charge, () => never())
  await lab.time.quiet()
  dead.kill()
  await lab.time.advance(leaseMs - 1)
  const early = lab.worker().once.run({ ...charge, waitMs: 0 }, () => 'early')
  expect(await lab.code(early)).toBe('IN_PROGRESS')
  await lab.time.advance(1)
  const due = lab.worker().once.run({ ...charge, waitMs: 0 }, () => 'due')
  expect(await lab.until(due)).toBe('due')
})
