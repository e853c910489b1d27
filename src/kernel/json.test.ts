import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, findJsonFlaw, fingerprintOf, type Json, withoutPointers } from './json.ts'

/** The number of these IEEE 754 bits, as in RFC 8785 appendix B. */
function ofBits(hex: string): number {
  const bytes = Buffer.from(hex, 'hex')
  return bytes.readDoubleBE()
}

describe('canonicalJson', () => {
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number of the bits %s as RFC 8785 says: %s', (bits, text) => {
    expect(canonicalJson(ofBits(bits))).toBe(text)
  })

  it('writes the example of RFC 8785 section 3.2.4', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"\u002f',
      literals: [null, true, false],
    }
    const text =
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    expect(canonicalJson(value)).toBe(text)
  })

  it('sorts names by UTF-16 units, as in RFC 8785 section 3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toEqual([
      'One',
      'Carriage Return',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  it('is parsed to the same value, and does not change when it is made again', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as Json)
        const parsed = JSON.parse(text) as Json
        expect(canonicalJson(parsed)).toBe(text)
        expect(parsed).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed())
        expect(canonicalJson(turned as Json)).toBe(canonicalJson(value as Json))
      }),
    )
  })
})

describe('fingerprintOf', () => {
  it('is SHA-256 in base64url', () => {
    expect(fingerprintOf('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
  })
})

describe('findJsonFlaw', () => {
  const cyclic: { list: unknown[] } = { list: [] }
  cyclic.list.push({ again: cyclic })
  class Point {
    readonly x = 1
  }

  it.each<readonly [string, unknown, ...string[]]>([
    ['undefined', { a: undefined }, '/a', 'undefined'],
    ['undefined in an array', [1, undefined], '/1', 'undefined'],
    ['a hole', sparse(), '/0', 'undefined'],
    ['NaN', { a: [Number.NaN] }, '/a/0', 'NaN'],
    ['Infinity', -Infinity, '', '-Infinity'],
    ['a BigInt', { id: 10n }, '/id', 'the BigInt 10n'],
    ['a function', { run: () => 1 }, '/run', 'function run'],
    ['a symbol', { is: Symbol('it') }, '/is', 'Symbol(it)'],
    ['a cycle', cyclic, '/list/0/again', 'a cycle'],
    ['a Date', { at: new Date(0) }, '/at', 'a Date, not a plain object'],
    ['a Map', new Map(), '', 'a Map, not a plain object'],
    ['an instance of a class', [new Point()], '/0', 'a Point, not a plain object'],
    ['bytes', new Uint8Array(2), '', 'a Uint8Array, not a plain object'],
    ['a boxed number', Object(1), '', 'a Number, not a plain object'],
    ['a lone surrogate', { a: '\ud800' }, '/a', 'a lone surrogate'],
    ['a name with a lone surrogate', { '\ud800': 1 }, '', 'a name with a lone surrogate'],
    ['something deep', deep(101), '/a'.repeat(100), 'nested deeper than 100 levels'],
    ['a name with a slash', { 'a/b': { 'c~d': undefined } }, '/a~1b/c~0d', 'undefined'],
  ])('finds %s, and where it is', (...[, value, pointer, what]) => {
    expect(findJsonFlaw(value)).toEqual({ pointer, what })
  })

  it.each<readonly [string, unknown]>([
    [
      'the same object twice',
      (() => {
        const one = { a: 1 }
        return [one, one, { one }]
      })(),
    ],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['a hundred levels', deep(99)],
    ['a text beyond the basic plane', '😀'],
    ['a member named __proto__', JSON.parse('{"__proto__": 1}')],
  ])('takes %s', (_, value) => {
    expect(findJsonFlaw(value)).toBeUndefined()
  })

  it('takes whatever JSON.parse gives', () => {
    fc.assert(fc.property(fc.json(), (text) => findJsonFlaw(JSON.parse(text)) === undefined))
  })

  it('when lenient, takes what JSON.stringify converts without loss', () => {
    expect(findJsonFlaw({ at: new Date(0), gone: undefined, point: new Point() }, true)).toBeUndefined()
    expect(findJsonFlaw({ a: Number.NaN }, true)).toEqual({ pointer: '/a', what: 'NaN' })
    expect(findJsonFlaw([undefined], true)).toEqual({ pointer: '/0', what: 'undefined' })
    expect(findJsonFlaw(new Set([1]), true)).toMatchObject({ pointer: '' })
    for (const empty of [Promise.resolve(1), new Error('no'), new Response('x'), /x/]) {
      expect(findJsonFlaw({ a: empty }, true)).toMatchObject({
        what: expect.stringMatching(/without members/),
      })
    }
    expect(findJsonFlaw({ a: { toJSON: () => 10n } }, true)).toMatchObject({ pointer: '/a' })
  })
})

describe('withoutPointers', () => {
  const value = {
    id: 1,
    at: 2,
    lines: [
      { id: 1, sku: 'a' },
      { id: 2, sku: 'b' },
    ],
    'a/b': { '~': 1, keep: 2 },
  }

  it.each<readonly [string, readonly string[], unknown]>([
    ['a member', ['/at'], { ...value, at: undefined }],
    ['a member of every item', ['/lines/*/id'], { ...value, lines: [{ sku: 'a' }, { sku: 'b' }] }],
    ['one item', ['/lines/0'], { ...value, lines: [{ id: 2, sku: 'b' }] }],
    ['every member', ['/*'], {}],
    ['an escaped name', ['/a~1b/~0'], { ...value, 'a/b': { keep: 2 } }],
    ['several', ['/id', '/at', '/lines', '/a~1b'], {}],
    ['nothing that is not there', ['/none', '/lines/9', '/id/deeper'], value],
  ])('leaves out %s', (_, pointers, expected) => {
    expect(withoutPointers(value, pointers)).toEqual(JSON.parse(JSON.stringify(expected)))
  })

  it('does not change what it was given', () => {
    const before = JSON.stringify(value)
    withoutPointers(value, ['/lines/*/id', '/at'])
    expect(JSON.stringify(value)).toBe(before)
  })
})

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = { a: value }
  return value
}

/** One item, behind a hole. */
function sparse(): unknown[] {
  const items: unknown[] = []
  items[1] = 1
  return items
}
