import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(2)
const leaseMs = 10_000
const charge: Intent = { operation: 'charge', key: 'order-1', safety: 'keyed', leaseMs }

function declined(): never {
  throw new DefiniteFailure('declined')
}

rule(
  'a keyed entry stays started when a definite failure follows an attempt whose end nobody knows',
  async (lab) => {
    const { once } = lab.worker()
    const peer = new Peer()
    const cut = once.run(charge, () => {
      peer.do('charge')
      throw new Error('the connection broke')
    })
    expect(await lab.code(cut)).toBe('OUTCOME_UNKNOWN')
    expect(await lab.code(once.run(charge, declined))).toBe('OUTCOME_UNKNOWN')
    expect(lab.row(charge)).toMatchObject({ state: 'started', earlierUnknown: true })
    expect(await lab.until(once.run(charge, () => 'charged'))).toBe('charged')
  },
  ['failure-speaks-for-all', 'takeover-forgets-the-unknown'],
)

rule(
  'the same holds where the earlier worker died',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    void first.once.run(charge, () => never())
    await lab.time.quiet()
    first.kill()
    expect(await lab.code(second.once.run(charge, declined))).toBe('OUTCOME_UNKNOWN')
    expect(lab.row(charge).state).toBe('started')
  },
  ['failure-speaks-for-all', 'takeover-forgets-the-unknown'],
)

rule(
  "with retry, such a failure makes no new round: the target may know the old round's key",
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const keys: string[] = []
    void first.once.run(charge, ({ effectKey }) => {
      keys.push(effectKey)
      return never()
    })
    await lab.time.quiet()
    first.kill()
    const intent: Intent = { ...charge, retry: 'on-failure' }
    expect(await lab.code(second.once.run(intent, declined))).toBe('OUTCOME_UNKNOWN')
    await lab.until(second.once.run(intent, ({ effectKey }) => void keys.push(effectKey)))
    expect(keys[1]).toBe(keys[0])
  },
  ['failure-speaks-for-all', 'takeover-forgets-the-unknown'],
)

rule('a definite failure of the only attempt is final', async (lab) => {
  const { once } = lab.worker()
  expect(await lab.code(once.run(charge, declined))).toBe('EFFECT_FAILED')
  expect(lab.row(charge).state).toBe('failed')
})

rule(
  'a blind effect whose worker died is in doubt and never runs again by itself',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const mail: Intent = { operation: 'mail', key: 'order-1', leaseMs }
    void first.once.run(mail, () => {
      peer.do('mail')
      return never()
    })
    await lab.time.quiet()
    first.kill()
    expect(await lab.code(second.once.run(mail, () => peer.do('mail')))).toBe('IN_DOUBT')
    expect(peer.count('mail')).toBe(1)
    expect(lab.row(mail)).toMatchObject({ state: 'in_doubt', attempt: 1 })
  },
  ['lapsed-blind-runs'],
)

const settleMs = 60_000

rule(
  'a verifiable effect whose worker died is asked for, and what happened is not done again',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const verify = (): { happened: true; value: string } => ({ happened: true, value: 'shipped' })
    const ship: Intent = {
      operation: 'ship',
      key: 'order-1',
      leaseMs,
      waitMs: 200_000,
      safety: { kind: 'verifiable', verify, settleMs },
    }
    void first.once.run(ship, () => {
      peer.do('ship')
      return never()
    })
    await lab.time.quiet()
    first.kill()
    expect(await lab.until(second.once.run(ship, () => peer.do('ship')))).toBe('shipped')
    expect(peer.count('ship')).toBe(1)
    expect(lab.row(ship)).toMatchObject({ state: 'succeeded', resolution: { by: 'verify' } })
  },
  ['lapsed-verifiable-runs'],
)

rule(
  'the target is asked only once its longest request would have ended, settleMs after the lease',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const askedAtMs: number[] = []
    const verify = (): { happened: true } => {
      askedAtMs.push(lab.time.elapsedMs)
      return { happened: true }
    }
    const ship: Intent = {
      operation: 'ship',
      key: 'order-1',
      leaseMs,
      waitMs: 200_000,
      safety: { kind: 'verifiable', verify, settleMs },
    }
    void first.once.run(ship, () => never())
    await lab.time.quiet()
    first.kill()
    await lab.until(second.once.run(ship, () => 'again'))
    expect(askedAtMs).toHaveLength(1)
    expect(askedAtMs[0]).toBeGreaterThanOrEqual(leaseMs + settleMs)
  },
  ['asks-without-settling-time'],
)

rule('once the target has said no, the next attempt speaks for itself again', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const ship: Intent = {
    operation: 'ship',
    key: 'order-1',
    leaseMs,
    waitMs: 200_000,
    safety: { kind: 'verifiable', verify: () => ({ happened: false }), settleMs },
  }
  void first.once.run(ship, () => never())
  await lab.time.quiet()
  first.kill()
  expect(await lab.code(second.once.run(ship, declined))).toBe('EFFECT_FAILED')
  expect(lab.row(ship)).toMatchObject({ state: 'failed', attempt: 2 })
})

for (const [says, verify] of Object.entries({
  'does not know': () => ({ happened: 'unknown' }) as const,
  'cannot be asked': () => Promise.reject(new Error('503')),
  'never answers': () => never<{ happened: true }>(),
  'answers nonsense': () => 'yes' as unknown as { happened: true },
})) {
  rule(`where the target ${says}, the entry is in doubt`, async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const safety = { kind: 'verifiable', verify, settleMs } as const
    const ship: Intent = { operation: 'ship', key: 'order-1', leaseMs, waitMs: 200_000, safety }
    void first.once.run(ship, () => never())
    await lab.time.quiet()
    first.kill()
    expect(await lab.code(second.once.run(ship, () => 'again'))).toBe('IN_DOUBT')
    expect(lab.row(ship).state).toBe('in_doubt')
  })
}

rule(
  'a takeover that is given back before it began does not undo the attempt before it',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    void first.once.run(charge, () => never())
    await lab.time.quiet()
    first.kill()
    slowClaimAndNoRenewal(second)
    const states: string[] = []
    second.once.on('released', () => void states.push(lab.row(charge).state))
    await lab.code(second.once.run(charge, () => 'charged'))
    expect(states).toContain('started')
    expect(states).not.toContain('released')
  },
  ['takeover-forgets-the-unknown'],
)

const stepped: Intent = { operation: 'order', key: 'order-1', steps: true, leaseMs }

rule('a stepped takeover that is given back does not undo what was sent before it', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  void first.once.run(stepped, (attempt) => attempt.step('charge', { safety: 'keyed' }, () => never()))
  await lab.time.quiet()
  first.kill()
  slowClaimAndNoRenewal(second)
  const states: string[] = []
  second.once.on('released', () => void states.push(lab.row(stepped).state))
  await lab.code(second.once.run(stepped, () => 'done'))
  expect(states.length).toBeGreaterThan(0)
  expect(states).not.toContain('released')
})

rule(
  'a stepped entry does not fail while a dead attempt may have sent a keyed step that is not on record',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    void first.once.run(stepped, (attempt) => attempt.step('charge', { safety: 'keyed' }, () => never()))
    await lab.time.quiet()
    first.kill()
    expect(await lab.code(second.once.run(stepped, declined))).toBe('OUTCOME_UNKNOWN')
    expect(['claimed', 'started']).toContain(lab.row(stepped).state)
  },
)

rule('a stepped entry may fail after an attempt that has itself written down how it ended', async (lab) => {
  const { once } = lab.worker()
  const broken = once.run(stepped, () => Promise.reject(new Error('the database is out')))
  expect(await lab.code(broken)).toBe('OUTCOME_UNKNOWN')
  expect(await lab.code(once.run(stepped, declined))).toBe('EFFECT_FAILED')
})

rule(
  "a keyed step's definite failure speaks for itself only while a dead attempt may have sent it",
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    void first.once.run(stepped, (attempt) => attempt.step('charge', { safety: 'keyed' }, () => never()))
    await lab.time.quiet()
    first.kill()
    const again = second.once.run(stepped, (attempt) =>
      attempt.step('charge', { safety: 'keyed' }, declined).catch(() => 'not charged'),
    )
    expect(await lab.code(again)).toBe('OUTCOME_UNKNOWN')
    expect(lab.row(stepped).steps?.steps).toMatchObject([{ name: 'charge', state: 'started' }])
  },
)

/** Its next claim is answered after the lease, and no renewal comes through. */
function slowClaimAndNoRenewal(
  worker: ReturnType<Parameters<Parameters<typeof rule>[1]>[0]['worker']>,
): void {
  const { runtime, tap } = worker
  let isSlow = true
  tap.hooks.claim = async (requests, next) => {
    const reply = await next(requests)
    if (isSlow && reply.results[0]?.kind === 'claimed') {
      isSlow = false
      await new Promise<void>((resolve) => void runtime.setTimer(leaseMs - 1000, resolve))
    }
    return reply
  }
  tap.hooks.renew = (requests, next) =>
    isSlow ? next(requests) : Promise.reject(new StoreFault('unavailable', 'no renewal'))
}

rule(
  'a keyed step that has failed once may have been sent again, unlisted, by a dead attempt',
  async (lab) => {
    const intent: Intent = { ...stepped, retry: 'on-failure' }
    const keys: string[] = []
    const pay = (then: () => unknown) => (attempt: Attempt) =>
      attempt.step('pay', { safety: 'keyed' }, ({ effectKey }) => {
        keys.push(effectKey)
        return then()
      })
    const first = lab.worker()
    expect(await lab.code(first.once.run(intent, pay(declined)))).toBe('EFFECT_FAILED')
    void first.once.run(intent, pay(never))
    await lab.time.quiet()
    first.kill()
    const second = lab.worker()
    expect(await lab.code(second.once.run(intent, pay(declined)))).toBe('OUTCOME_UNKNOWN')
    await lab.until(
      second.once.run(
        intent,
        pay(() => 'paid'),
      ),
    )
    expect(keys[1]).not.toBe(keys[0])
    expect(new Set(keys.slice(1)).size).toBe(1)
  },
)

rule('once an attempt has come past what may have been sent, a failure is a failure again', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const body = (pay: () => unknown) => async (attempt: Attempt) => {
    await attempt.step('pay', { safety: 'keyed' }, pay)
    await attempt.step('ship', { safety: 'blind' }, declined)
  }
  void first.once.run(stepped, body(never))
  await lab.time.quiet()
  first.kill()
  expect(
    await lab.code(
      second.once.run(
        stepped,
        body(() => 'paid'),
      ),
    ),
  ).toBe('EFFECT_FAILED')
  expect(lab.row(stepped).state).toBe('failed')
})

rule(
  'two keyed steps in a row may both have been sent unlisted: neither is believed to have failed',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const body = (pay: () => unknown, note: () => unknown) => async (attempt: Attempt) => {
      await attempt.step('pay', { safety: 'keyed' }, pay)
      await attempt.step('note', { safety: 'keyed' }, note)
    }
    first.tap.hooks.settle = () => never()
    void first.once.run(
      stepped,
      body(
        () => peer.do('pay'),
        () => {
          peer.do('note')
          return never()
        },
      ),
    )
    await lab.time.quiet()
    first.kill()
    expect(peer.journal).toEqual(['pay', 'note'])
    expect(await lab.code(second.once.run(stepped, body(declined, declined)))).toBe('OUTCOME_UNKNOWN')
    expect(
      await lab.code(
        second.once.run(
          stepped,
          body(() => 'paid', declined),
        ),
      ),
    ).toBe('OUTCOME_UNKNOWN')
    expect(lab.row(stepped)).toMatchObject({
      steps: { steps: [{ state: 'succeeded' }, { state: 'started' }] },
    })
    await lab.until(
      second.once.run(
        stepped,
        body(
          () => 'paid',
          () => 'noted',
        ),
      ),
    )
  },
)
