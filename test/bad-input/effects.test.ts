import { describe, expect, it } from 'vitest'
import { DefiniteFailure } from '../../src/index.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { gate } from '../support/gate.ts'
import { labs } from '../support/labs.ts'
import { never } from '../support/tapped-store.ts'

const newLab = labs()
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs: 1000 }

function no(): never {
  throw new Error('no')
}

/** What an effect may throw, and what its entry says of it. */
const thrown: readonly (readonly [string, unknown, string])[] = [
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a string', 'declined', '"declined"'],
  ['an empty string', '', '""'],
  ['a number', 42, '42'],
  ['a BigInt', 42n, '42n'],
  ['a symbol', Symbol('declined'), 'Symbol(declined)'],
  ['a function', no, 'function no'],
  ['an object', { status: 500 }, '{"status":500}'],
  ['an array', [1, 2], '[1,2]'],
  ['a frozen error', Object.freeze(new Error('frozen')), 'frozen'],
  ['an error without a message', new RangeError(''), 'RangeError'],
  ['an error whose message is no text', Object.assign(new Error('x'), { message: 42 }), ''],
  ['an error whose code is an object', Object.assign(new Error('odd'), { code: { a: 1 } }), 'odd'],
  ['an error whose message throws', Object.defineProperty(new Error('x'), 'message', { get: no }), ''],
  ['an object whose toString throws', { toString: no, toJSON: no }, '[object Object]'],
  ['an object all of which throws', new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no }), ''],
  ['an error that is its own cause', selfCaused(), 'in circles'],
  ['a very long message', new Error('x'.repeat(100_000)), 'x'.repeat(999)],
]

function selfCaused(): Error {
  const [one, other] = [new Error('in circles'), new Error('and back')]
  one.cause = other
  other.cause = one
  return one
}

describe('an effect that throws', () => {
  it.each(thrown)('%s is in doubt, with a message; nothing runs again', async (...[, value, message]) => {
    const lab = newLab()
    const { once } = lab.worker()
    const ran: string[] = []
    const effect = (): never => {
      ran.push('ran')
      throw value
    }
    const error = await lab.error(once.run(charge, effect))
    expect(error).toMatchObject({ code: 'IN_DOUBT' })
    expect(lab.row(charge)).toMatchObject({
      state: 'in_doubt',
      doubt: { why: expect.stringContaining(message) },
    })
    expect(lab.row(charge).doubt?.why.length).toBeLessThan(1200)
    expect(await lab.code(once.run(charge, effect))).toBe('IN_DOUBT')
    expect(ran).toEqual(['ran'])
  })

  it.each(thrown)('%s asynchronously, in a step, as well', async (...[, value]) => {
    const lab = newLab()
    const { once } = lab.worker()
    const intent: Intent = { ...charge, steps: true }
    const reject = (): Promise<never> => Promise.reject(value)
    expect(await lab.code(once.run(intent, (attempt) => attempt.step('pay', reject)))).toBe('IN_DOUBT')
    expect(lab.row(charge).state).toBe('in_doubt')
  })

  it.each(thrown)('%s leaves a keyed one started, to be tried again', async (...[, value]) => {
    const lab = newLab()
    const { once } = lab.worker()
    const intent: Intent = { ...charge, safety: 'keyed' }
    expect(await lab.code(once.run(intent, () => Promise.reject(value)))).toBe('OUTCOME_UNKNOWN')
    expect(await lab.until(once.run(intent, () => 'paid'))).toBe('paid')
  })

  it('a DefiniteFailure whose value throws still is one', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const failure = Object.defineProperty(new DefiniteFailure('declined'), 'value', { get: no })
    expect(await lab.code(once.run(charge, () => Promise.reject(failure)))).toBe('EFFECT_FAILED')
    expect(lab.row(charge)).toMatchObject({ state: 'failed', error: { message: 'declined' } })
  })

  it('a failure code as long as a book is cut', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const failure = new DefiniteFailure('declined', { code: 'x'.repeat(10_000) })
    expect(await lab.code(once.run(charge, () => Promise.reject(failure)))).toBe('EFFECT_FAILED')
    expect(lab.row(charge).error?.code).toHaveLength(100)
  })
})

describe('a verify that throws', () => {
  it.each(thrown)('%s leaves a doubt', async (...[, value]) => {
    const lab = newLab()
    const dead = lab.worker()
    const safety = { kind: 'verifiable', verify: () => Promise.reject(value), settleMs: 100 } as const
    const intent: Intent = { ...charge, safety }
    void dead.once.run(intent, () => never())
    await lab.time.quiet()
    dead.kill()
    expect(await lab.code(lab.worker().once.run(intent, () => 'again'))).toBe('IN_DOUBT')
    expect(lab.row(charge).state).toBe('in_doubt')
  })
})

describe('an effect that never returns', () => {
  it('is given up after maxRunMs: the caller hears LEASE_LOST, its signal aborts, others decide', async () => {
    const lab = newLab()
    const [first, second] = [lab.worker({ maxRunMs: 10_000 }), lab.worker()]
    const ran: string[] = []
    const error = await lab.error(
      first.once.run(charge, ({ signal }) => {
        ran.push('ran')
        signal.addEventListener('abort', () => ran.push('aborted'))
        return never()
      }),
    )
    expect(error).toMatchObject({
      code: 'LEASE_LOST',
      message: expect.stringContaining('10000 ms (maxRunMs)'),
    })
    expect(lab.time.elapsedMs).toBe(10_000)
    expect(await lab.code(second.once.run(charge, () => ran.push('again')))).toBe('IN_DOUBT')
    expect(ran).toEqual(['ran', 'aborted'])
  })

  it('renews its lease no longer than that', async () => {
    const lab = newLab()
    const { once, tap } = lab.worker({ maxRunMs: 10_000 })
    await lab.code(once.run(charge, () => never()))
    const renewals = tap.requests('renew').length
    await lab.time.advance(600_000)
    expect(tap.requests('renew')).toHaveLength(renewals)
  })

  it('keeps nobody waiting longer than they want', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    void once.run(charge, () => never())
    await lab.time.quiet()
    expect(await lab.code(once.run({ ...charge, waitMs: 700 }, () => 'again'))).toBe('IN_PROGRESS')
    expect(lab.time.elapsedMs).toBe(700)
  })

  it('if it returns after all, what it did is written down', async () => {
    const lab = newLab()
    const { once } = lab.worker({ maxRunMs: 10_000 })
    const door = gate<string>()
    expect(await lab.code(once.run(charge, () => door.pass()))).toBe('LEASE_LOST')
    door.open('paid')
    await lab.time.quiet()
    expect(await lab.until(once.run(charge, () => 'again'))).toBe('paid')
  })
})

describe('an effect that returns', () => {
  it('a promise-like value is waited for', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const later = Promise.resolve('paid')
    // eslint-disable-next-line unicorn/no-thenable
    const like = { then: later.then.bind(later) }
    expect(await lab.until(once.run(charge, () => like as unknown as string))).toBe('paid')
    expect(await lab.until(once.run(charge, () => 'again'))).toBe('paid')
  })

  it('an object all of which throws has happened, and its result is not kept', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const hostile = new Proxy(
      {},
      { get: (_, name) => (name === 'then' ? undefined : no()), has: no, ownKeys: no },
    )
    await lab.until(once.run(charge, () => [hostile]))
    expect(lab.row(charge)).toMatchObject({ state: 'succeeded', valueKept: false })
    expect(await lab.code(once.run(charge, () => 'again'))).toBe('RESULT_TOO_LARGE')
  })
})
