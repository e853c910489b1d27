import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyRing } from '../seal.ts'
import { createKeyRing } from './key-ring.ts'

const [a, b] = [randomBytes(32), randomBytes(32)]
const ring = keyRing({ current: 'a', keys: { a, b } })
const plain = new TextEncoder().encode('{"card":"4242"}')

function codeOf(act: () => unknown): unknown {
  try {
    act()
    return 'ok'
  } catch (error) {
    return (error as { code: unknown }).code
  }
}

describe('keyRing', () => {
  it('opens what it sealed, whatever it is', () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(bytes, fc.string(), (given, context) => {
        expect([...ring.open(ring.seal(given, context), context)]).toEqual([...given])
      }),
    )
  })

  it('shows nothing of what it sealed, and never the same twice', () => {
    const sealed = Buffer.from(ring.seal(plain, 'ref'))
    expect(sealed.includes('4242')).toBe(false)
    expect(sealed.equals(ring.seal(plain, 'ref'))).toBe(false)
  })

  it('notices any bit that was changed', () => {
    const sealed = ring.seal(plain, 'ref')
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Uint8Array.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect([index, codeOf(() => ring.open(changed, 'ref'))]).toEqual([index, 'RESULT_INVALID'])
    }
  })

  it("refuses another entry's result", () => {
    const sealed = ring.seal(plain, 'ref-1')
    expect(() => ring.open(sealed, 'ref-2')).toThrow(/belongs to another entry/)
  })

  it('opens with old keys and seals with the current one', () => {
    const before = keyRing({ current: 'b', keys: { b } }).seal(plain, 'ref')
    expect(Buffer.from(ring.open(before, 'ref'))).toEqual(Buffer.from(plain))
    expect(codeOf(() => keyRing({ current: 'a', keys: { a } }).open(before, 'ref'))).toBe('RESULT_INVALID')
  })

  it('names the key that is missing, and the result that was never sealed', () => {
    const sealed = keyRing({ current: 'lost', keys: { lost: b } }).seal(plain, 'ref')
    expect(() => ring.open(sealed, 'ref')).toThrow(/"lost"/)
    expect(() => ring.open(plain, 'ref')).toThrow(/not sealed/)
    expect(codeOf(() => ring.open(new Uint8Array(), 'ref'))).toBe('RESULT_INVALID')
  })

  it('tells a key of the same id apart', () => {
    const sealed = keyRing({ current: 'a', keys: { a: b } }).seal(plain, 'ref')
    expect(codeOf(() => ring.open(sealed, 'ref'))).toBe('RESULT_INVALID')
  })

  it('takes keys as base64 and base64url', () => {
    const sealed = ring.seal(plain, 'ref')
    for (const encoding of ['base64', 'base64url'] as const) {
      const same = keyRing({ current: 'a', keys: { a: a.toString(encoding) } })
      expect(Buffer.from(same.open(sealed, 'ref'))).toEqual(Buffer.from(plain))
    }
  })

  it('takes its nonces from the randomness it is given', () => {
    const drawn: number[] = []
    const fixed = createKeyRing({ current: 'a', keys: { a } }, (length) => {
      drawn.push(length)
      return new Uint8Array(length)
    })
    fixed.seal(plain, 'ref')
    expect(drawn).toEqual([12])
  })

  it.each<readonly [string, unknown]>([
    ['no options', undefined],
    ['no keys', { current: 'a' }],
    ['a current key that is not there', { current: 'c', keys: { a } }],
    ['no current key', { keys: { a } }],
    ['a short key', { current: 'a', keys: { a: a.subarray(1) } }],
    ['a key of another type', { current: 'a', keys: { a: 42 } }],
    ['an empty id', { current: '', keys: { '': a } }],
    ['an id that is too long', { current: 'x'.repeat(65), keys: { ['x'.repeat(65)]: a } }],
  ])('refuses %s with OPTION_INVALID', (_, options) => {
    expect(codeOf(() => keyRing(options as never))).toBe('OPTION_INVALID')
  })

  it('never shows a key in its errors', () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ='
    expect(() => keyRing({ current: 'a', keys: { a: secret } })).toThrow(/20 bytes/)
    expect(() => keyRing({ current: 'a', keys: { a: secret } })).not.toThrow(/secret|c2Vj/)
  })
})
