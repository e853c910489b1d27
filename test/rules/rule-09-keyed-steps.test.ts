import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { gate } from '../support/gate.ts'
import type { Lab } from '../support/lab.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(9)
const order: Intent = { operation: 'order', key: 'order-1', steps: true }

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

rule('no more than two keyed steps in a row begin before the first of them is on record', async (lab) => {
  const { once, tap } = lab.worker()
  const peer = new Peer()
  const hung = gate()
  tap.hooks.settle = async (requests, next) => {
    await hung.pass()
    return next(requests)
  }
  const run = once.run({ ...order, leaseMs: 60_000 }, async (attempt) => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await attempt.step(name, { safety: 'keyed' }, async () => {
        peer.do(name)
        await turn()
        await turn()
      })
    }
  })
  for (let turns = 0; turns < 10; turns += 1) await lab.time.quiet()
  expect(peer.journal).toEqual(['a', 'b'])
  hung.open()
  await lab.until(run)
  expect(peer.journal).toEqual(['a', 'b', 'c', 'd'])
})

rule('a keyed step does not begin when the store cannot take what came before it', async (lab) => {
  const { once, tap } = lab.worker({ storeTimeoutMs: 500 })
  const peer = new Peer()
  tap.hooks.settle = () => Promise.reject(new StoreFault('unavailable', 'out'))
  const run = once.run({ ...order, leaseMs: 60_000 }, async (attempt) => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await attempt.step(name, { safety: 'keyed' }, async () => {
        peer.do(name)
        await turn()
        await turn()
      })
    }
  })
  await lab.code(run)
  expect(peer.journal).toEqual(['a', 'b'])
})

const patient: Intent = { ...order, waitMs: 300_000, leaseMs: 1000 }

/** A worker dies in a verifiable step, and its target says that it did not happen. The next one is refused there. */
async function diesInShipping(lab: Lab): Promise<(attempt: Attempt) => Promise<unknown>> {
  const safety = { kind: 'verifiable', settleMs: 1000, verify: () => ({ happened: false }) } as const
  const body = (ship: () => unknown) => async (attempt: Attempt) => {
    await attempt.step('pay', { safety: 'keyed' }, () => 'paid')
    await attempt.step('ship', { safety }, ship)
  }
  const first = lab.worker()
  void first.once.run(patient, body(never))
  await lab.time.quiet()
  first.kill()
  return body(() => {
    throw new DefiniteFailure('declined')
  })
}

rule('a step that did not happen, as its target says, is one that no dead attempt came past', async (lab) => {
  const refused = await diesInShipping(lab)
  expect(await lab.code(lab.worker().once.run(patient, refused))).toBe('EFFECT_FAILED')
  expect(lab.row(patient).state).toBe('failed')
})

rule(
  'where no attempt comes past a failed step any more, and one may have, a person decides',
  async (lab) => {
    const refused = await diesInShipping(lab)
    const second = lab.worker()
    const caught = (attempt: Attempt): Promise<unknown> => refused(attempt).catch(() => never())
    void second.once.run(patient, caught)
    await lab.time.advance(60_000)
    second.kill()
    expect(await lab.code(lab.worker().once.run(patient, refused))).toBe('IN_DOUBT')
    expect(await lab.code(lab.worker().once.run(patient, refused))).toBe('IN_DOUBT')
  },
)
