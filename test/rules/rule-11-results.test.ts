import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { Peer } from '../support/peer.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(11)
const report: Intent = { operation: 'report', key: 'order-1' }
const large = 'x'.repeat(2000)
const mutants = ['result-not-kept-frees-the-key', 'result-not-kept-is-not-marked']

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic

const unkept: Readonly<Record<string, unknown>> = {
  'larger than maxResultBytes': large,
  'a BigInt': { id: 10n },
  'a value with a cycle': cyclic,
  NaN: { rate: Number.NaN },
  'a Map': new Map([['a', 1]]),
  bytes: { body: new Uint8Array([1]) },
  'a function': { next: () => 1 },
  'a promise that nobody waited for': { later: Promise.resolve(1) },
  'a fetch response': new Response('x'),
  'an error': [new Error('x')],
  'a lone surrogate': '\ud800',
  'a value whose toJSON throws': {
    toJSON: () => {
      throw new Error('no')
    },
  },
}

for (const [what, value] of Object.entries(unkept)) {
  rule(
    `a result that is ${what} reaches the first caller; the entry has succeeded, and nothing runs again`,
    async (lab) => {
      const [first, second] = [lab.worker({ maxResultBytes: 1000 }), lab.worker()]
      const peer = new Peer()
      const effect = (): unknown => {
        peer.do('report')
        return value
      }
      const caught = (error: unknown): unknown => error
      expect(await lab.until(first.once.run(report, effect).catch(caught))).toBe(value)
      expect(lab.row(report)).toMatchObject({ state: 'succeeded', valueKept: false })
      expect(lab.row(report).value).toBeUndefined()
      for (const { once } of [first, second]) {
        expect(await lab.code(once.run(report, effect))).toBe('RESULT_TOO_LARGE')
      }
      expect(peer.count('report')).toBe(1)
    },
    mutants,
  )
}

rule('its receipts say that it has succeeded, and why there is no value', async (lab) => {
  const { once } = lab.worker({ maxResultBytes: 1000 })
  const first = await lab.until(once.execute(report, () => large))
  expect(first).toMatchObject({ state: 'succeeded', replayed: false, value: large })
  expect(first.error).toBeUndefined()
  for (const receipt of [
    await lab.until(once.execute(report, () => large)),
    await lab.until(once.lookup(report)),
  ]) {
    expect(receipt).toMatchObject({
      state: 'succeeded',
      replayed: true,
      error: { code: 'RESULT_TOO_LARGE' },
    })
    expect(receipt).not.toHaveProperty('value')
  }
})

rule('an event names what is wrong with it, without showing it', async (lab) => {
  const worker = lab.worker()
  await lab.until(worker.once.run(report, () => ({ secret: { pin: 10n } })))
  expect(worker.heard('result_not_kept')).toMatchObject([{ message: expect.stringContaining('/secret/pin') }])
})

for (const [what, options] of Object.entries({
  'a redaction that throws': {
    redact: () => {
      throw new Error('no')
    },
  },
  'a sealer that throws': {
    seal: {
      seal: () => {
        throw new Error('no key')
      },
      open: (bytes: Uint8Array) => bytes,
    },
  },
})) {
  rule(`${what} costs the kept result, never the effect`, async (lab) => {
    const { once } = lab.worker(options)
    expect(await lab.until(once.run(report, () => 'done'))).toBe('done')
    expect(await lab.code(once.run(report, () => 'again'))).toBe('RESULT_TOO_LARGE')
  })
}

rule('a failure whose value cannot be kept still is a failure', async (lab) => {
  const { once } = lab.worker()
  const failing = (): never => {
    throw new DefiniteFailure('declined', { value: { large: 10n } })
  }
  expect(await lab.code(once.run(report, failing))).toBe('EFFECT_FAILED')
  expect(await lab.code(once.run(report, () => 'again'))).toBe('EFFECT_FAILED')
  expect(await lab.until(once.execute(report, failing))).toMatchObject({
    state: 'failed',
    error: { message: 'declined' },
  })
})

rule('where the outcome cannot be written, the caller has the value, and it is in doubt', async (lab) => {
  const { once, tap } = lab.worker()
  const peer = new Peer()
  tap.hooks.settle = () => Promise.reject(new StoreFault('rejected', 'the row is too large'))
  const error = await lab.error(once.run(report, () => peer.do('report')))
  expect(error).toMatchObject({ code: 'IN_DOUBT', value: 'report #1' })
  expect(Object.keys(error ?? {})).not.toContain('value')
  delete tap.hooks.settle
  expect(await lab.code(once.run(report, () => peer.do('report')))).toBe('IN_DOUBT')
  expect(peer.count('report')).toBe(1)
})

rule('what is kept is what the first caller got', async (lab) => {
  const { once } = lab.worker()
  const values: Readonly<Record<string, readonly [unknown, unknown]>> = {
    undefined: [undefined, undefined],
    null: [null, null],
    empty: ['', ''],
    zero: [0, 0],
    text: ['ünï©ode \u2028 "quoted"', 'ünï©ode \u2028 "quoted"'],
    date: [{ at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    absent: [{ a: undefined, b: 1 }, { b: 1 }],
    nested: [{ list: [1, [2, { three: 3 }]] }, { list: [1, [2, { three: 3 }]] }],
  }
  for (const [key, [value, kept]] of Object.entries(values)) {
    const intent = { ...report, key }
    expect(await lab.until(once.run(intent, () => value))).toEqual(value)
    expect(await lab.until(once.run(intent, () => 'again'))).toEqual(kept)
  }
})

rule('every replay is byte for byte the same', async (lab) => {
  const value = { z: 1, a: [1.5, 'é', null], nested: { b: true } }
  const texts = new Set<string>()
  await lab.until(lab.worker().once.run(report, () => value))
  for (let replays = 0; replays < 3; replays += 1) {
    texts.add(JSON.stringify(await lab.until(lab.worker().once.run(report, () => 'again'))))
  }
  expect([...texts]).toEqual([JSON.stringify(value)])
})
