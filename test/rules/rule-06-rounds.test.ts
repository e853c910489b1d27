import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(6)
const leaseMs = 1000
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, safety: 'keyed' }
const retried: Intent = { ...charge, retry: 'on-failure' }
const order: Intent = { operation: 'order', key: 'order-1', leaseMs, steps: true }

function declined(): never {
  throw new DefiniteFailure('declined', { code: 'card_declined' })
}

rule(
  'with retry, a definite failure frees the entry with its error, and the next round has a new effect key',
  async (lab) => {
    const { once } = lab.worker()
    const keys: string[] = []
    const first = once.run(retried, ({ effectKey }) => {
      keys.push(effectKey)
      declined()
    })
    expect(await lab.code(first)).toBe('EFFECT_FAILED')
    expect(lab.row(charge)).toMatchObject({ state: 'released', error: { code: 'card_declined' } })
    await lab.until(once.run(retried, ({ effectKey }) => keys.push(effectKey)))
    expect(keys[1]).not.toBe(keys[0])
    expect(lab.row(charge)).toMatchObject({ state: 'succeeded', round: 1, attempt: 2 })
  },
  ['round-never-rises', 'definite-failure-is-unknown'],
)

rule('rounds rise with each recorded failure, and no two have one key', async (lab) => {
  const { once } = lab.worker()
  const keys: string[] = []
  for (let round = 0; round < 4; round += 1) {
    await lab.error(
      once.run(retried, ({ effectKey }) => {
        keys.push(effectKey)
        declined()
      }),
    )
  }
  expect(new Set(keys).size).toBe(4)
  expect(lab.row(charge).round).toBe(4)
})

rule(
  'without retry, a failure is final: the effect is not run again, and its error is replayed',
  async (lab) => {
    const { once } = lab.worker()
    const peer = new Peer()
    const effect = (): never => {
      peer.do('charge')
      declined()
    }
    expect(await lab.code(once.run(charge, effect))).toBe('EFFECT_FAILED')
    const error = await lab.error(lab.worker().once.run(charge, effect))
    expect(error).toMatchObject({ code: 'EFFECT_FAILED', details: { failureCode: 'card_declined' } })
    expect(peer.count('charge')).toBe(1)
    const receipt = await lab.until(once.execute(charge, effect))
    expect(receipt).toMatchObject({
      state: 'failed',
      replayed: true,
      error: { code: 'card_declined', message: 'declined' },
    })
  },
  ['failure-is-tried-again'],
)

rule('what a failure brought with it is kept and shown in its receipt', async (lab) => {
  const { once } = lab.worker()
  const answer = { status: 402, body: 'card declined' }
  const failing = (): never => {
    throw new DefiniteFailure('declined', { value: answer })
  }
  await lab.error(once.run(charge, failing))
  expect(await lab.until(once.execute(charge, failing))).toMatchObject({ state: 'failed', value: answer })
})

rule(
  'takeovers after a crash send the key of the round, not one of their own',
  async (lab) => {
    const keys: string[] = []
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const worker = lab.worker()
      void worker.once.run(charge, ({ effectKey }) => {
        keys.push(effectKey)
        return never()
      })
      await lab.time.advance(1)
      worker.kill()
      await lab.time.advance(leaseMs)
    }
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
    expect(lab.row(charge).attempt).toBe(3)
  },
  ['effect-key-names-the-attempt'],
)

rule(
  'an attempt without a known end makes no new round, with retry or without',
  async (lab) => {
    const { once } = lab.worker()
    const keys: string[] = []
    const cut = ({ effectKey }: Attempt): never => {
      keys.push(effectKey)
      throw new Error('timeout')
    }
    for (const intent of [retried, charge]) await lab.error(once.run(intent, cut))
    await lab.until(once.run(retried, ({ effectKey }) => keys.push(effectKey)))
    expect(new Set(keys).size).toBe(1)
    expect(lab.row(charge).round).toBe(0)
  },
  ['round-rises-on-unknown', 'effect-key-names-the-attempt'],
)

rule('the attempt counter never falls, whatever is released', async (lab) => {
  const { once } = lab.worker()
  const numbers: number[] = []
  const note = ({ number, fence }: Attempt): never => {
    numbers.push(number)
    expect(fence.attempt).toBe(number)
    declined()
  }
  for (let round = 0; round < 3; round += 1) await lab.error(once.run(retried, note))
  expect(numbers).toEqual([1, 2, 3])
})

rule('those who waited for an attempt that fails get its failure, and do not run it again', async (lab) => {
  const { once } = lab.worker()
  const peer = new Peer()
  const door = gate()
  const effect = async (): Promise<never> => {
    peer.do('charge')
    await door.pass()
    declined()
  }
  const runs = [once.run(retried, effect), once.run(retried, effect), once.run(retried, effect)]
  await door.arrived
  door.open()
  const codes = await Promise.all(runs.map((run) => lab.code(run)))
  expect(codes).toEqual(['EFFECT_FAILED', 'EFFECT_FAILED', 'EFFECT_FAILED'])
  expect(peer.count('charge')).toBe(1)
})

rule(
  'each step has an effect key of its own, stable over takeovers',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const keys: string[] = []
    const body = (last: () => unknown) => async (attempt: Attempt) => {
      keys.push(attempt.effectKey)
      for (const name of ['charge', 'ship']) {
        await attempt.step(name, { safety: 'keyed' }, ({ effectKey }) => {
          keys.push(effectKey)
          return name === 'ship' ? last() : name
        })
      }
    }
    void first.once.run(order, body(never))
    await lab.time.quiet()
    first.kill()
    expect(new Set(keys).size).toBe(3)
    await lab.until(
      second.once.run(
        order,
        body(() => 'shipped'),
      ),
    )
    expect(keys.at(-1)).toBe(keys[2])
    expect(new Set(keys).size).toBe(3)
  },
  ['effect-key-forgets-the-step'],
)

rule(
  'with retry, a failed step is tried again with a new key, and may definitely fail again',
  async (lab) => {
    const { once } = lab.worker()
    const keys: string[] = []
    const body = (attempt: Attempt): Promise<unknown> =>
      attempt.step('mail', { safety: 'blind' }, ({ effectKey }) => {
        keys.push(effectKey)
        declined()
      })
    for (let round = 0; round < 3; round += 1) {
      expect(await lab.code(once.run({ ...order, retry: 'on-failure' }, body))).toBe('EFFECT_FAILED')
      expect(lab.row(order).state).toBe('released')
    }
    expect(new Set(keys).size).toBe(3)
  },
)

rule('without retry, a failed step fails again without being run', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const peer = new Peer()
  const body = (then: () => unknown) => async (attempt: Attempt) => {
    const charged = attempt.step('charge', { safety: 'blind' }, () => {
      peer.do('charge')
      declined()
    })
    const outcome = await charged.catch((error: unknown) => error)
    await then()
    return String(outcome)
  }
  void first.once.run(order, body(never))
  await lab.time.advance(10)
  first.kill()
  expect(
    await lab.until(
      second.once.run(
        order,
        body(() => undefined),
      ),
    ),
  ).toBe('DefiniteFailure: declined')
  expect(peer.count('charge')).toBe(1)
})
