import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { EntryState } from '../../src/ledger/entry.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import type { Lab } from '../support/lab.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(7)
const leaseMs = 10_000
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, input: { amount: 100 } }
const swapped: Intent = { ...charge, input: { amount: 200 } }

/** Brings the entry of `charge` into a state. */
const into: Readonly<Record<EntryState, (lab: Lab) => Promise<unknown>>> = {
  claimed: async (lab) => {
    void lab.worker().once.run({ ...charge, steps: true }, () => never())
    await lab.time.quiet()
  },
  started: async (lab) => {
    void lab.worker().once.run(charge, () => never())
    await lab.time.quiet()
  },
  released: async (lab) => {
    const failing = (): never => {
      throw new DefiniteFailure('declined')
    }
    await lab.error(lab.worker().once.run({ ...charge, retry: 'on-failure' }, failing))
  },
  succeeded: (lab) => lab.until(lab.worker().once.run(charge, () => 'paid')),
  failed: (lab) => lab.error(lab.worker().once.run(charge, () => Promise.reject(new DefiniteFailure('no')))),
  in_doubt: (lab) => lab.error(lab.worker().once.run(charge, () => Promise.reject(new Error('cut')))),
  tombstone: async (lab) => {
    const { once } = lab.worker()
    await lab.until(once.run({ ...charge, retainMs: 1 }, () => 'paid'))
    await lab.time.advance(10)
    await lab.until(once.sweep())
  },
}

const mutantsSeen: Partial<Record<EntryState, readonly string[]>> = {
  claimed: ['fingerprint-ignored', 'fingerprint-checked-late'],
  started: ['fingerprint-ignored', 'fingerprint-checked-late'],
  released: ['fingerprint-ignored', 'fingerprint-checked-late'],
  succeeded: ['fingerprint-ignored'],
  failed: ['fingerprint-ignored'],
  in_doubt: ['fingerprint-ignored', 'fingerprint-checked-late'],
  tombstone: ['fingerprint-ignored', 'fingerprint-checked-late'],
}

for (const [state, bring] of Object.entries(into)) {
  rule(
    `another input under the key of an entry that is ${state} is refused at once, and changes nothing`,
    async (lab) => {
      await bring(lab)
      const before = lab.row(charge)
      expect(before.state).toBe(state)
      const peer = new Peer()
      const { once } = lab.worker()
      const beganMs = lab.time.elapsedMs
      expect(await lab.code(once.run(swapped, () => peer.do('charge')))).toBe('KEY_REUSED')
      expect(lab.time.elapsedMs).toBe(beganMs)
      expect(peer.journal).toEqual([])
      expect(lab.row(charge)).toEqual(before)
    },
    mutantsSeen[state as EntryState] ?? [],
  )
}

rule('another input is refused in the very process that runs the first', async (lab) => {
  const { once } = lab.worker()
  const door = gate<string>()
  const run = once.run(charge, () => door.pass())
  await door.arrived
  expect(await lab.code(once.run(swapped, () => 'paid twice'))).toBe('KEY_REUSED')
  door.open('paid')
  expect(await lab.until(run)).toBe('paid')
})

rule('of two calls at once with different inputs one runs and the other is refused', async (lab) => {
  const { once } = lab.worker()
  const peer = new Peer()
  const codes = await Promise.all(
    [charge, swapped].map((intent) => lab.code(once.run(intent, () => peer.do('charge')))),
  )
  expect(codes.toSorted()).toEqual(['KEY_REUSED', 'ok'])
  expect(peer.journal).toHaveLength(1)
})

rule('with input or without is a difference as well', async (lab) => {
  const { once } = lab.worker()
  const bare: Intent = { operation: 'charge', key: 'order-1' }
  await lab.until(once.run(charge, () => 'paid'))
  expect(await lab.code(once.run(bare, () => 'again'))).toBe('KEY_REUSED')
  expect(await lab.code(once.run({ ...charge, input: null }, () => 'again'))).toBe('KEY_REUSED')
})

rule('the same input in another order, or with volatile members that differ, is the same', async (lab) => {
  const { once } = lab.worker({ operations: { charge: { volatile: ['/sentAt', '/lines/*/id'] } } })
  const input = (sentAt: number, id: string): unknown => ({ sentAt, amount: 1, lines: [{ id, sku: 'a' }] })
  await lab.until(once.run({ ...charge, input: input(1, 'x') }, () => 'paid'))
  const again = { lines: [{ sku: 'a', id: 'y' }], amount: 1, sentAt: 2 }
  expect(await lab.until(once.run({ ...charge, input: again }, () => 'again'))).toBe('paid')
  const other = { ...again, amount: 2 }
  expect(await lab.code(once.run({ ...charge, input: other }, () => 'again'))).toBe('KEY_REUSED')
})

rule('the same key under another operation or scope is another entry', async (lab) => {
  const peer = new Peer()
  const [shop, other] = [lab.worker(), lab.worker({ scope: 'other' })]
  await lab.until(shop.once.run(charge, () => peer.do('charge')))
  await lab.until(shop.once.run({ ...charge, operation: 'refund' }, () => peer.do('refund')))
  await lab.until(other.once.run(charge, () => peer.do('charge')))
  expect(peer.journal).toEqual(['charge', 'refund', 'charge'])
})

rule('what the caller does to its intent while the effect runs changes nothing', async (lab) => {
  const { once } = lab.worker()
  const door = gate()
  const key = ['order', 1]
  const input = { amount: 100, lines: [{ sku: 'a' }] }
  const intent = { operation: 'charge', key, input, subject: 'order:1' }
  const run = once.run(intent, async () => {
    await door.pass()
    return 'paid'
  })
  await door.arrived
  key[1] = 2
  input.amount = 999
  input.lines.length = 0
  intent.subject = 'order:2'
  intent.operation = 'refund'
  door.open()
  expect(await lab.until(run)).toBe('paid')
  const first = { operation: 'charge', key: ['order', 1] }
  expect(lab.row(first)).toMatchObject({ state: 'succeeded', subject: 'order:1' })
  expect(lab.rows.rows.size).toBe(1)
  const same = { ...first, input: { amount: 100, lines: [{ sku: 'a' }] } }
  expect(await lab.until(once.run(same, () => 'again'))).toBe('paid')
})

rule('verify gets the input as it was at the claim', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const seen: unknown[] = []
  const verify = ({ input }: { input?: unknown }): { happened: true } => {
    seen.push(input)
    return { happened: true }
  }
  const ship: Intent = {
    operation: 'ship',
    key: 'order-1',
    leaseMs,
    waitMs: 60_000,
    input: { b: 1, a: [2] },
    safety: { kind: 'verifiable', verify, settleMs: 1000 },
  }
  void first.once.run(ship, () => never())
  await lab.time.quiet()
  first.kill()
  const input = { b: 1, a: [2] }
  const run = second.once.run({ ...ship, input }, () => 'again')
  input.a.push(3)
  await lab.until(run)
  expect(seen).toEqual([{ a: [2], b: 1 }])
})

function storeOut(lab: Lab): ReturnType<Lab['worker']> {
  const base = lab.worker().tap.store
  const out = (): Promise<never> => Promise.reject(new StoreFault('unavailable', 'connection refused'))
  return lab.worker({ store: { ...base, claim: out, settle: out, read: out, resolve: out, renew: out } })
}

rule(
  'if the store cannot be reached, the effect does not run',
  async (lab) => {
    const peer = new Peer()
    const { once } = storeOut(lab)
    expect(await lab.code(once.run(charge, () => peer.do('charge')))).toBe('STORE_UNAVAILABLE')
    expect(peer.journal).toEqual([])
  },
  ['outage-fails-open'],
)
