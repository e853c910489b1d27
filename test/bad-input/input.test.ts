import { describe, expect, it } from 'vitest'
import { expectRefusal, instance } from './refusals.ts'

const cyclic: { order: { self?: unknown } } = { order: {} }
cyclic.order.self = cyclic

const cases: readonly (readonly [string, unknown, string, readonly (string | RegExp)[]])[] = [
  ['a cycle', cyclic, 'INPUT_INVALID', ['"/order/self"', 'a cycle']],
  ['a BigInt', { amount: 100n }, 'INPUT_INVALID', ['"/amount"', '100n']],
  ['undefined inside', { amount: undefined }, 'INPUT_INVALID', ['"/amount"', 'undefined']],
  ['undefined in a list', [1, undefined], 'INPUT_INVALID', ['"/1"', 'undefined']],
  ['NaN', { rate: Number.NaN }, 'INPUT_INVALID', ['"/rate"', 'NaN']],
  ['Infinity', { rate: Infinity }, 'INPUT_INVALID', ['"/rate"', 'Infinity']],
  ['a function', { run: () => 1 }, 'INPUT_INVALID', ['"/run"', 'function']],
  ['a function itself', () => 1, 'INPUT_INVALID', ['""', 'function']],
  ['a symbol', { is: Symbol('x') }, 'INPUT_INVALID', ['"/is"']],
  ['a Date', { at: new Date(0) }, 'INPUT_INVALID', ['"/at"', 'a Date']],
  ['a Map', new Map([['a', 1]]), 'INPUT_INVALID', ['a Map']],
  ['bytes', { body: Buffer.from('x') }, 'INPUT_INVALID', ['"/body"', 'Buffer']],
  ['a lone surrogate', { name: 'a\ud800' }, 'INPUT_INVALID', ['"/name"', 'surrogate']],
  [
    'a member that throws when it is read',
    Object.defineProperty({}, 'id', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    }),
    'INPUT_INVALID',
    ['cannot be read', 'no'],
  ],
  ['too deep', deep(200), 'INPUT_INVALID', ['deeper']],
  ['too large', { body: 'x'.repeat(262_144) }, 'INPUT_TOO_LARGE', ['262144', /2621\d\d/]],
]

describe('an input that is or holds', () => {
  it.each(cases)('%s', async (...[, input, code, says]) => {
    const { once, rows } = instance()
    const ran: string[] = []
    const intent = { operation: 'charge', key: 'order-1', input }
    await expectRefusal(() => once.run(intent, () => ran.push('ran')), { code, says })
    expect(ran).toEqual([])
    expect(rows.size).toBe(0)
  })

  it('more bytes than maxInputBytes, counted as UTF-8 of the canonical form', async () => {
    const { once } = instance({ maxInputBytes: 10 })
    const intent = { operation: 'charge', key: 'order-1' }
    await once.run({ ...intent, input: 'x'.repeat(8) }, () => 1)
    await expectRefusal(() => once.run({ ...intent, input: 'ü'.repeat(5) }, () => 1), {
      code: 'INPUT_TOO_LARGE',
      says: ['at most 10', 'got 12'],
    })
  })
})

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = [value]
  return value
}
