import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import { delay } from '../../src/kernel/runtime.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import type { Lab, LabWorker } from '../support/lab.ts'
import { KeyedPeer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(5)
const leaseMs = 1000
const keyLifetimeMs = 100_000
const requestTimeoutMs = 10_000
const keyed = { kind: 'keyed', keyLifetimeMs, requestTimeoutMs } as const
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, safety: keyed }
const order: Intent = { operation: 'order', key: 'order-1', leaseMs, steps: true }

function provider(lab: Lab): KeyedPeer {
  return new KeyedPeer(keyLifetimeMs, () => lab.time.elapsedMs)
}

/** A worker sends the effect, and dies before it hears of it. */
async function sendAndDie(lab: Lab, peer: KeyedPeer, intent: Intent = charge): Promise<void> {
  const worker = lab.worker()
  const send = ({ effectKey }: { effectKey: string }): Promise<never> => {
    peer.do(effectKey)
    return never()
  }
  const effect = intent.steps
    ? (attempt: Attempt): Promise<never> => attempt.step('charge', { safety: keyed }, send)
    : send
  void worker.once.run(intent, effect)
  await lab.time.quiet()
  worker.kill()
}

rule('while the target remembers it, the same key is sent again after a crash', async (lab) => {
  const peer = provider(lab)
  await sendAndDie(lab, peer)
  await lab.time.advance(keyLifetimeMs - requestTimeoutMs - 1)
  await lab.until(lab.worker().once.run(charge, ({ effectKey }) => peer.do(effectKey)))
  expect(peer.requests).toHaveLength(2)
  expect(peer.journal).toHaveLength(1)
})

rule(
  "no key is sent once a request could outlive the target's memory of it: then it is in doubt",
  async (lab) => {
    const peer = provider(lab)
    await sendAndDie(lab, peer)
    await lab.time.advance(keyLifetimeMs - requestTimeoutMs)
    const run = lab.worker().once.run(charge, ({ effectKey }) => peer.do(effectKey))
    expect(await lab.code(run)).toBe('IN_DOUBT')
    expect(peer.requests).toHaveLength(1)
  },
  ['key-lifetime-ignored', 'key-lifetime-without-request-timeout'],
)

rule(
  'a takeover that was decided upon in time, and claimed too late, is not sent',
  async (lab) => {
    const peer = provider(lab)
    await sendAndDie(lab, peer)
    await lab.time.advance(keyLifetimeMs - requestTimeoutMs - 1)
    const worker = lab.worker()
    worker.tap.hooks.claim = async (requests, next) => {
      const reply = await next(requests)
      if (requests[0]?.expect === undefined) await delay(worker.runtime, leaseMs / 2)
      return reply
    }
    const run = worker.once.run(charge, ({ effectKey }) => peer.do(effectKey))
    expect(await lab.code(run)).toBe('IN_DOUBT')
    expect(peer.requests).toHaveLength(1)
    expect(lab.row(charge).state).toBe('in_doubt')
  },
  ['key-lifetime-looked-at-once'],
)

rule(
  "takeovers never move the beginning of the key's life",
  async (lab) => {
    const peer = provider(lab)
    await sendAndDie(lab, peer)
    await lab.time.advance(60_000)
    await sendAndDie(lab, peer)
    await lab.time.advance(60_000)
    const run = lab.worker().once.run(charge, ({ effectKey }) => peer.do(effectKey))
    expect(await lab.code(run)).toBe('IN_DOUBT')
    expect(peer.journal).toHaveLength(1)
  },
  ['takeover-moves-first-send', 'key-lifetime-ignored'],
)

rule('attempts that end without a known outcome do not move it either', async (lab) => {
  const peer = provider(lab)
  const { once } = lab.worker()
  const cut = ({ effectKey }: Attempt): never => {
    peer.do(effectKey)
    throw new Error('timeout')
  }
  expect(await lab.code(once.run(charge, cut))).toBe('OUTCOME_UNKNOWN')
  await lab.time.advance(60_000)
  expect(await lab.code(once.run(charge, cut))).toBe('OUTCOME_UNKNOWN')
  await lab.time.advance(60_000)
  expect(await lab.code(once.run(charge, cut))).toBe('IN_DOUBT')
  expect(peer.journal).toHaveLength(1)
})

rule('a new round has a new key, whose life begins anew', async (lab) => {
  const peer = provider(lab)
  const { once } = lab.worker()
  const intent: Intent = { ...charge, retry: 'on-failure' }
  const declined = once.run(intent, () => Promise.reject(new DefiniteFailure('declined')))
  expect(await lab.code(declined)).toBe('EFFECT_FAILED')
  await lab.time.advance(keyLifetimeMs * 2)
  await sendAndDie(lab, peer, intent)
  await lab.time.advance(keyLifetimeMs / 2)
  await lab.until(once.run(intent, ({ effectKey }) => peer.do(effectKey)))
  expect(peer.requests).toHaveLength(2)
  expect(peer.journal).toHaveLength(1)
})

rule('by default a key lives 23 hours, less one minute for a request', async (lab) => {
  const intent: Intent = { ...charge, safety: 'keyed' }
  const lifeMs = 23 * 60 * 60 * 1000 - 60_000
  await sendAndDie(lab, provider(lab), intent)
  await lab.time.advance(lifeMs - 1)
  expect(await lab.code(lab.worker().once.run(intent, () => Promise.reject(new Error('timeout'))))).toBe(
    'OUTCOME_UNKNOWN',
  )
  await lab.time.advance(1)
  expect(await lab.code(lab.worker().once.run(intent, () => 'charged'))).toBe('IN_DOUBT')
})

rule('a sweep puts what has outlived its key in doubt, with no caller present', async (lab) => {
  await sendAndDie(lab, provider(lab))
  const { once } = lab.worker({ operations: { charge: { safety: keyed } } })
  await lab.time.advance(keyLifetimeMs / 2)
  expect(await lab.until(once.sweep())).toMatchObject({ lapsed: 1, doubted: 0 })
  await lab.time.advance(keyLifetimeMs)
  expect(await lab.until(once.sweep())).toMatchObject({ doubted: 1 })
  expect(lab.row(charge).state).toBe('in_doubt')
})

for (const code of ['idempotency_key_in_use', 'idempotency_key_reused']) {
  rule(
    `the answer ${code} of a target is an unknown outcome, not a failure`,
    async (lab) => {
      const { once } = lab.worker()
      const answered = once.run(charge, () => Promise.reject(Object.assign(new Error(code), { code })))
      expect(await lab.code(answered)).toBe('OUTCOME_UNKNOWN')
      expect(lab.row(charge).state).toBe('started')
    },
    ['key-in-use-is-a-failure', 'every-error-means-not-done'],
  )
}

rule(
  'a step that is called again with another input stops with STEP_DIVERGED',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const body = (amount: number, ending: () => unknown) => async (attempt: Attempt) => {
      await attempt.step('charge', { safety: 'blind', input: { amount } }, () => `paid ${amount}`)
      return ending()
    }
    void first.once.run(order, body(100, never))
    await lab.time.quiet()
    first.kill()
    expect(
      await lab.code(
        second.once.run(
          order,
          body(200, () => 'done'),
        ),
      ),
    ).toBe('STEP_DIVERGED')
    expect(
      await lab.until(
        second.once.run(
          order,
          body(100, () => 'done'),
        ),
      ),
    ).toBe('done')
  },
  ['steps-never-diverge'],
)

rule(
  'a step that begins to have an input, or ceases to, has diverged as well',
  async (lab) => {
    const { once } = lab.worker()
    const body = (options: { input?: unknown }, ending: () => unknown) => async (attempt: Attempt) => {
      await attempt.step('charge', { safety: 'blind', ...options }, () => 'paid')
      return ending()
    }
    const cut = (): never => {
      throw new Error('cut')
    }
    expect(await lab.code(once.run(order, body({ input: 1 }, cut)))).toBe('OUTCOME_UNKNOWN')
    expect(await lab.code(once.run(order, body({}, cut)))).toBe('STEP_DIVERGED')
    const other = { ...order, key: 'order-2' }
    expect(await lab.code(once.run(other, body({}, cut)))).toBe('OUTCOME_UNKNOWN')
    expect(await lab.code(once.run(other, body({ input: null }, cut)))).toBe('STEP_DIVERGED')
  },
  ['steps-never-diverge'],
)

rule('the order of the members of a step’s input makes no difference', async (lab) => {
  const { once } = lab.worker()
  const body = (input: unknown, ending: () => unknown) => async (attempt: Attempt) => {
    await attempt.step('charge', { safety: 'blind', input }, () => 'paid')
    return ending()
  }
  const cut = (): never => {
    throw new Error('cut')
  }
  expect(await lab.code(once.run(order, body({ a: 1, b: 2 }, cut)))).toBe('OUTCOME_UNKNOWN')
  expect(
    await lab.until(
      once.run(
        order,
        body({ b: 2, a: 1 }, () => 'done'),
      ),
    ),
  ).toBe('done')
})

rule(
  'a keyed step that a dead attempt may have sent unlisted is not sent after the end of its key',
  async (lab) => {
    const peer = provider(lab)
    await sendAndDie(lab, peer, order)
    await lab.time.advance(keyLifetimeMs)
    const run = lab
      .worker()
      .once.run(order, (attempt) =>
        attempt.step('charge', { safety: keyed }, ({ effectKey }) => peer.do(effectKey)),
      )
    expect(await lab.code(run)).toBe('IN_DOUBT')
    expect(peer.journal).toHaveLength(1)
  },
  ['key-lifetime-ignored'],
)

rule('within its life such a step is sent again, with the same key', async (lab) => {
  const peer = provider(lab)
  await sendAndDie(lab, peer, order)
  await lab.time.advance(keyLifetimeMs / 2)
  const body = (attempt: Attempt): Promise<string> =>
    attempt.step('charge', { safety: keyed }, ({ effectKey }) => peer.do(effectKey))
  await lab.until(lab.worker().once.run(order, body))
  expect(peer.requests).toHaveLength(2)
  expect(peer.journal).toHaveLength(1)
})

rule(
  'neither does a chain of takeovers prolong the life of an unlisted step',
  async (lab) => {
    const peer = provider(lab)
    await sendAndDie(lab, peer, order)
    await lab.time.advance(60_000)
    await sendAndDie(lab, peer, order)
    await lab.time.advance(60_000)
    const body = (attempt: Attempt): Promise<string> =>
      attempt.step('charge', { safety: keyed }, ({ effectKey }) => peer.do(effectKey))
    expect(await lab.code(lab.worker().once.run(order, body))).toBe('IN_DOUBT')
    expect(peer.journal).toHaveLength(1)
  },
  ['key-lifetime-ignored'],
)

rule('a lost answer to the takeover does not make its steps young again', async (lab) => {
  const peer = provider(lab)
  await sendAndDie(lab, peer, order)
  await lab.time.advance(keyLifetimeMs)
  const heir = lab.worker()
  let answers = 0
  heir.tap.hooks.claim = async (requests, next) => {
    const reply = await next(requests)
    const isTakeover = requests[0]?.expect?.raisesAttempt === true
    answers += isTakeover ? 1 : 0
    return isTakeover && answers === 1 ? never() : reply
  }
  const body = (attempt: Attempt): Promise<string> =>
    attempt.step('charge', { safety: keyed }, ({ effectKey }) => peer.do(effectKey))
  expect(await lab.code(heir.once.run(order, body))).toBe('STORE_UNAVAILABLE')
  expect(await lab.code(heir.once.run(order, body))).toBe('IN_DOUBT')
  expect(peer.journal).toHaveLength(1)
})

/** A worker that has decided to send the key again, and stands still until it is too late. */
function standingStillAfterTheDecision(lab: Lab): LabWorker {
  const worker = lab.worker()
  worker.tap.hooks.claim = async (requests, next) => {
    const reply = await next(requests)
    // As a timer's, its answer waits for the process to go on.
    await new Promise<void>((resolve) => void worker.runtime.setTimer(1, resolve))
    return reply
  }
  return worker
}

rule(
  'who stands still between the decision and the sending sends no key that may be forgotten',
  async (lab) => {
    const peer = provider(lab)
    await sendAndDie(lab, peer)
    await lab.time.advance(keyLifetimeMs - requestTimeoutMs - 100)
    const worker = standingStillAfterTheDecision(lab)
    const run = worker.once.run(charge, ({ effectKey }) => peer.do(effectKey))
    await lab.time.quiet()
    worker.runtime.isFrozen = true
    await lab.time.advance(2 * requestTimeoutMs)
    worker.runtime.isFrozen = false
    expect(await lab.code(run)).toBe('IN_DOUBT')
    expect(peer.journal).toHaveLength(1)
    expect(lab.row(charge).state).toBe('in_doubt')
  },
)

rule('a step that comes long after its claim sends no key that may be forgotten', async (lab) => {
  const peer = provider(lab)
  await sendAndDie(lab, peer, order)
  await lab.time.advance(keyLifetimeMs - requestTimeoutMs - 5_000)
  const worker = lab.worker()
  const run = worker.once.run({ ...order, waitMs: 60_000 }, async (attempt) => {
    await new Promise<void>((resolve) => void worker.runtime.setTimer(2 * requestTimeoutMs, resolve))
    return attempt.step('charge', { safety: keyed }, ({ effectKey }) => peer.do(effectKey))
  })
  expect(await lab.code(run)).toBe('IN_DOUBT')
  expect(peer.journal).toHaveLength(1)
})
