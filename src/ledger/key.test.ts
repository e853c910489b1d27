import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOncewardError } from '../kernel/errors.ts'
import type { Key, KeyPart } from './intent.ts'
import { decodeKey, encodeKey, maxKeyBytes } from './key.ts'

/** Text that may be a key or a part of one. */
const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 10 })
  .filter((given) => !given.includes('\u0000') && given.isWellFormed())
const tricky = fc.constantFrom('~', '~~', '~1:a,', '1:', ',', ':', '5:order,', '~5:order,4:1001,', ' ', '0')
const part: fc.Arbitrary<KeyPart> = fc.oneof(
  text,
  tricky,
  fc.integer(),
  fc.bigInt({ max: 2n ** 64n, min: -(2n ** 64n) }),
  fc.boolean(),
)
const parts = fc.array(part, { minLength: 1, maxLength: 4 })
const key: fc.Arbitrary<Key> = fc.oneof(text, tricky, parts)

/** What makes two keys the same one. */
function meaning(given: Key): string {
  return JSON.stringify(typeof given === 'string' ? given : given.map(String))
}

describe('encodeKey', () => {
  it('is undone by decodeKey, parts becoming strings', () => {
    fc.assert(
      fc.property(key, (given) => {
        const decoded = decodeKey(encodeKey(given))
        expect(decoded).toEqual(typeof given === 'string' ? given : given.map(String))
      }),
    )
  })

  it('gives two keys one text exactly when they mean the same', () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(encodeKey(one) === encodeKey(other)).toBe(meaning(one) === meaning(other))
      }),
      { numRuns: 500 },
    )
  })

  it('tells parts apart by their lengths, and parts from texts', () => {
    const keys: Key[] = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      'abc',
      ['a', 'b', 'c'],
      '~2:ab,1:c,',
      ['~2:ab,1:c,'],
    ]
    expect(new Set(keys.map(encodeKey)).size).toBe(keys.length)
  })

  it('takes 1001 and "1001" for the same part', () => {
    expect(encodeKey(['order', 1001])).toBe(encodeKey(['order', '1001']))
    expect(encodeKey(['order', 1001n])).toBe('~5:order,4:1001,')
    expect(encodeKey([true])).toBe(encodeKey(['true']))
  })

  it('leaves an ordinary text as it is', () => {
    expect(encodeKey('order-1001')).toBe('order-1001')
    expect(encodeKey('~order')).toBe('~~order')
  })

  it('counts bytes, not characters, and lengths of parts as well', () => {
    expect(encodeKey('x'.repeat(maxKeyBytes))).toHaveLength(maxKeyBytes)
    expect(encodeKey(['x'.repeat(249)])).toHaveLength(maxKeyBytes)
    expect(codeOf('ü'.repeat(128))).toBe('KEY_INVALID')
    expect(codeOf(['x'.repeat(250)])).toBe('KEY_INVALID')
  })

  it.each<readonly [string, unknown]>([
    ['an empty text', ''],
    ['a text of 256 bytes', 'x'.repeat(256)],
    ['no parts', []],
    ['an empty part', ['order', '']],
    ['NUL', 'a\u0000b'],
    ['NUL in a part', ['a', 'b\u0000']],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a part', ['a\udfff']],
    ['a number', 42],
    ['undefined', undefined],
    ['null', null],
    ['an object', { id: 1 }],
    ['a symbol', Symbol('order')],
    ['NaN in a part', [Number.NaN]],
    ['Infinity in a part', ['a', Infinity]],
    ['a number beyond 2^53 in a part', ['a', 2 ** 53]],
    ['undefined in a part', ['a', undefined]],
    ['null in a part', [null]],
    ['an object in a part', ['a', { id: 1 }]],
    ['a list in a part', [['a']]],
    ['a symbol in a part', [Symbol('order')]],
  ])('refuses %s with KEY_INVALID', (_, given) => {
    expect(codeOf(given)).toBe('KEY_INVALID')
  })

  it('names what it refused', () => {
    expect(() => encodeKey(['order', Number.NaN])).toThrow(/finite numbers.*order/)
    expect(() => encodeKey(42 as never)).toThrow(/got 42/)
    expect(() => encodeKey('x'.repeat(300))).toThrow(/at most 255 bytes, this one has 300/)
  })
})

function codeOf(given: unknown): string {
  try {
    return `encoded as ${encodeKey(given as Key)}`
  } catch (error) {
    return isOncewardError(error) ? error.code : String(error)
  }
}
