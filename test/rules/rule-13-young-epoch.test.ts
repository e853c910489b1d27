import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { failOver, losableData, writesOf } from '../../src/stores/memory/history.ts'
import { gate } from '../support/gate.ts'
import type { Lab } from '../support/lab.ts'
import { KeyedPeer, Peer } from '../support/peer.ts'
import { loseAll, mail, other, send } from './losing.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(13, losableData)

rule(
  'a definite failure in a young epoch does not speak for an attempt that was lost',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new KeyedPeer(86_400_000, () => lab.time.elapsedMs)
    const charge: Intent = { ...mail, safety: 'keyed', retry: 'on-failure' }
    await lab.until(second.once.open())
    await lab.until(first.once.run(charge, ({ effectKey }) => peer.do(effectKey)))
    first.runtime.isFrozen = true
    loseAll(lab)
    const refused = second.once.run(charge, () => {
      throw new DefiniteFailure('not today')
    })
    expect(await lab.code(refused)).toBe('OUTCOME_UNKNOWN')
    const again = second.once.run(charge, ({ effectKey }) => peer.do(effectKey))
    expect(await lab.code(again)).toBe('ok')
    expect(peer.journal).toHaveLength(1)
  },
  ['failure-speaks-for-all'],
)

rule('a store that never answers whether it is whole hangs nobody', async (lab) => {
  const worker = lab.worker({ storeTimeoutMs: 1000 })
  const peer = new Peer()
  await lab.until(worker.once.run(mail, send(peer)))
  worker.tap.hooks.read = () => new Promise(() => undefined)
  await lab.time.advance(10_000)
  expect(await lab.code(worker.once.run({ ...other, waitMs: 0 }, send(peer)))).toBe('STORE_UNAVAILABLE')
  delete worker.tap.hooks.read
  expect(await lab.until(worker.once.run(other, send(peer)))).toBe('mail #2')
})

rule(
  'a lease that has lapsed is not regained in a new epoch: a takeover may be what was lost',
  async (lab) => {
    const peer = new Peer()
    const verify = () => ({ happened: peer.count('mail') > 0 })
    const operations = { mail: { safety: { kind: 'verifiable', settleMs: 1000, verify } } } as const
    const [first, second] = [lab.worker({ operations }), lab.worker({ operations })]
    const hung = gate()
    first.tap.hooks.claim = async (requests, next) => {
      const reply = await next(requests)
      await hung.pass()
      return reply
    }
    const intent: Intent = { ...mail, leaseMs: 1000 }
    const late = first.once.run(intent, send(peer))
    await lab.time.quiet()
    const claimed = writesOf(lab.rows)
    first.runtime.isFrozen = true
    await lab.until(second.once.run(intent, send(peer)))
    second.runtime.isFrozen = true
    failOver(lab.rows, { keep: claimed })
    first.runtime.isFrozen = false
    hung.open()
    await lab.time.advance(5000)
    expect(peer.count('mail')).toBe(1)
    second.runtime.isFrozen = false
    expect(await lab.code(late)).toBe('ok')
    expect(peer.count('mail')).toBe(1)
  },
)

rule(
  'a target is not asked before a lost attempt can no longer begin: its owner holds a lease, and hears of no loss',
  async (lab) => {
    const peer = new Peer()
    const verify = () => ({ happened: peer.count('mail') > 0 })
    const operations = { mail: { safety: { kind: 'verifiable', settleMs: 1000, verify } } } as const
    const [first, second] = [lab.worker({ operations }), lab.worker({ operations })]
    first.tap.hooks.claim = async (requests, next) => {
      const reply = await next(requests)
      await new Promise<void>((resolve) => void first.runtime.setTimer(8_000, resolve))
      return reply
    }
    const intent: Intent = { ...mail, leaseMs: 10_000 }
    const unaware = first.once.run(intent, send(peer))
    await lab.time.quiet()
    loseAll(lab)
    expect(await lab.code(second.once.run(intent, send(peer)))).toBe('ok')
    expect(await lab.code(unaware)).toBe('ok')
    expect(peer.count('mail')).toBe(1)
  },
  ['asks-while-a-lost-lease-runs'],
)

/** A refused attempt whose takeover, with what came of it, is lost; `hang` holds the first attempt up. */
async function refusedAndTakenOver(lab: Lab, hang: 'effect' | 'settle'): Promise<string> {
  const peer = new KeyedPeer(86_400_000, () => lab.time.elapsedMs)
  const charge: Intent = { ...mail, safety: 'keyed', retry: 'on-failure', leaseMs: 1000 }
  const [first, second] = [lab.worker(), lab.worker()]
  const hung = gate()
  const held = (where: typeof hang): Promise<void> | undefined => (where === hang ? hung.pass() : undefined)
  first.tap.hooks.settle = async (requests, next) => {
    await held('settle')
    return next(requests)
  }
  const late = first.once.run(charge, async () => {
    await held('effect')
    throw new DefiniteFailure('refused')
  })
  await hung.arrived
  const claimed = writesOf(lab.rows)
  first.runtime.isFrozen = true
  await lab.until(second.once.run(charge, ({ effectKey }) => peer.do(effectKey)))
  second.runtime.isFrozen = true
  failOver(lab.rows, { keep: claimed })
  first.runtime.isFrozen = false
  hung.open()
  const code = await lab.code(late)
  const again = first.once.run(charge, ({ effectKey }) => peer.do(effectKey))
  expect(await lab.code(again)).toBe('ok')
  expect(peer.journal).toHaveLength(1)
  return code
}

rule(
  'a late failure is not final where the takeover of its attempt was lost',
  async (lab) => {
    expect(await refusedAndTakenOver(lab, 'effect')).toBe('OUTCOME_UNKNOWN')
  },
  ['late-failure-is-final'],
)

rule(
  'nor is one that was decided before the failover and is written after it',
  async (lab) => {
    expect(await refusedAndTakenOver(lab, 'settle')).toBe('OUTCOME_UNKNOWN')
  },
  ['late-failure-is-final'],
)
