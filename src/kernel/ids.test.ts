import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base32, refOf, sha256Hex, sha256Text, uuidOf } from './ids.ts'

describe('ids', () => {
  it('base32 writes Crockford text, lower case', () => {
    expect(base32(new Uint8Array())).toBe('')
    expect(base32(Uint8Array.of(0))).toBe('00')
    expect(base32(Uint8Array.of(255))).toBe('zw')
    expect(base32(Uint8Array.of(0, 0, 0, 0, 1))).toBe('00000001')
    expect(base32(Uint8Array.of(255, 255, 255, 255, 255))).toBe('zzzzzzzz')
  })

  it('base32 keeps bytes of one length apart and in order', () => {
    const bytes = fc.uint8Array({ minLength: 15, maxLength: 15 })
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const [a, b] = [base32(one), base32(other)]
        expect(a).toMatch(/^[0-9a-hjkmnp-tv-z]{24}$/)
        expect(Math.sign(Buffer.compare(one, other))).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })

  it('a ref is the same everywhere, and another for each scope, operation and key', () => {
    expect(refOf('shop', 'charge', 'order-1')).toBe('bzhw7p4ygk25316hnkzs38hk')
    const refs = [
      refOf('shop', 'charge', 'order-1'),
      refOf('shopc', 'harge', 'order-1'),
      refOf('shop', 'charg', 'eorder-1'),
      refOf('shop', 'charge', 'order-2'),
    ]
    expect(new Set(refs).size).toBe(refs.length)
  })

  it('a digest tells its parts apart', () => {
    expect(sha256Text('ab', 'c')).not.toBe(sha256Text('a', 'bc'))
    expect(sha256Text('a')).toBe(Buffer.from(sha256Hex('a'), 'hex').toString('base64url'))
    expect(sha256Text('a', '')).not.toBe(sha256Text('a'))
  })

  it('a digest as a UUID has version 8 and the RFC variant', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(uuidOf(sha256Hex(text))).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        )
      }),
    )
  })
})
