import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refOf, sha256Hex, sha256Text, uuidOf } from './ids.ts'

describe('ids', () => {
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
