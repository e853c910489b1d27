import { describe, expect, it } from 'vitest'
import type { Intent } from '../../src/index.ts'
import { expectRefusal, instance } from './refusals.ts'

const cases: readonly (readonly [string, unknown, string, readonly (string | RegExp)[]])[] = [
  ['missing', undefined, 'KEY_INVALID', ['undefined']],
  ['null', null, 'KEY_INVALID', ['null']],
  ['empty', '', 'KEY_INVALID', ['not empty']],
  ['without parts', [], 'KEY_INVALID', ['at least one part']],
  ['with an empty part', ['order', ''], 'KEY_INVALID', ['not empty', /"order"/]],
  ['a number', 1001, 'KEY_INVALID', ['1001']],
  ['an object', { id: 1 }, 'KEY_INVALID', [/"id":1/]],
  ['a function', () => 'order', 'KEY_INVALID', ['function']],
  ['a symbol', Symbol('order'), 'KEY_INVALID', ['Symbol(order)']],
  ['with a part that is undefined', ['order', undefined], 'KEY_INVALID', ['undefined']],
  ['with a part that is an object', ['order', { id: 1 }], 'KEY_INVALID', [/"id":1/]],
  ['with a part that is NaN', ['order', Number.NaN], 'KEY_INVALID', ['finite']],
  ['256 bytes long', 'x'.repeat(256), 'KEY_INVALID', ['255', '256']],
  ['of parts of 256 bytes', ['x'.repeat(200), 'y'.repeat(50)], 'KEY_INVALID', ['255']],
  ['of 128 characters of two bytes', 'ü'.repeat(128), 'KEY_INVALID', ['256']],
  ['with NUL', 'order\u0000', 'KEY_INVALID', ['NUL']],
  ['with a lone surrogate', '\udc00', 'KEY_INVALID', ['well-formed']],
  ['a Date', new Date(), 'KEY_UNSTABLE', ['Date']],
  ['with a Date', ['order', new Date()], 'KEY_UNSTABLE', ['Date']],
  ['the time in milliseconds', ['order', Date.now()], 'KEY_UNSTABLE', ['milliseconds', 'order number']],
  ['with the time inside', `order-${Date.now()}-1`, 'KEY_UNSTABLE', [/17\d{11}|18\d{11}|19\d{11}/]],
  ['an instant', new Date().toISOString(), 'KEY_UNSTABLE', ['instant']],
  ['with an instant inside', `order-${new Date().toISOString()}`, 'KEY_UNSTABLE', ['instant']],
]

describe('a key that is', () => {
  it.each(cases)('%s', async (...[, key, code, says]) => {
    const { once, rows } = instance()
    const ran: string[] = []
    const intent = { operation: 'charge', key } as Intent
    await expectRefusal(() => once.run(intent, () => ran.push('ran')), { code, says })
    await expectRefusal(() => once.execute(intent, () => ran.push('ran')), { code, says })
    expect(ran).toEqual([])
    expect(rows.size).toBe(0)
  })

  it.each(cases.filter(([, , code]) => code === 'KEY_INVALID'))(
    '%s, in lookup and entries',
    async (...[, key, code]) => {
      const { once } = instance()
      await expectRefusal(() => once.lookup({ operation: 'charge', key: key as string }), { code })
      if (key === undefined) return
      await expectRefusal(() => once.entries({ operation: 'charge', key: key as string }), { code })
    },
  )
})
