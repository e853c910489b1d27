import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EffectKeySource, effectKeyOf } from './effect-key.ts'

const source: EffectKeySource = { scope: 'shop', operation: 'charge', key: 'order-1', round: 0 }

describe('the effect key', () => {
  it('is the same in every version and on every machine', () => {
    expect(effectKeyOf(source)).toBe('70d3f9e5-8eb0-840f-9db3-b9312f507cc0')
    expect(effectKeyOf({ ...source, step: 'pay', round: 3 })).toBe('b2284a92-eaa8-8a26-b4e2-ff4a0143c5fd')
  })

  it('has the form of a UUID of version 8', () => {
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    fc.assert(
      fc.property(fc.string(), fc.nat(), (key, round) => {
        expect(effectKeyOf({ ...source, key, round })).toMatch(uuid)
      }),
    )
  })

  it('differs with scope, operation, key, step and round, and with nothing else', () => {
    const others: EffectKeySource[] = [
      source,
      { ...source, scope: 'other' },
      { ...source, operation: 'refund' },
      { ...source, key: 'order-2' },
      { ...source, step: 'pay' },
      { ...source, step: 'ship' },
      { ...source, round: 1 },
      // The parts are told apart by their lengths.
      { ...source, scope: 'shopc', operation: 'harge' },
      { ...source, operation: 'chargeo', key: 'rder-1' },
    ]
    expect(new Set(others.map(effectKeyOf)).size).toBe(others.length)
    const attempts = [1, 2, 3].map((attempt) =>
      effectKeyOf({ ...source, attempt, owner: `${attempt}` } as EffectKeySource),
    )
    expect(new Set(attempts)).toEqual(new Set([effectKeyOf(source)]))
  })
})
