import { describe, expect, it } from 'vitest'
import { parseInstant, timeStyleOf } from './instant.ts'

const at = (text: string): string | undefined => {
  const ms = parseInstant(text, 'iso')?.ms
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

describe('a time in ISO form', () => {
  it.each([
    ['2026-06-03T02:14:52Z', '2026-06-03T02:14:52.000Z'],
    ['2026-06-03 02:14:52.1', '2026-06-03T02:14:52.100Z'],
    ['2026-06-03T02:14:52.123456789Z', '2026-06-03T02:14:52.123Z'],
    ['2026-06-03T02:14:52,5Z', '2026-06-03T02:14:52.500Z'],
    ['2026-06-03 02:14:52+00', '2026-06-03T02:14:52.000Z'],
    ['2026-06-03T02:14:52-05:30', '2026-06-03T07:44:52.000Z'],
    ['2026-06-03T02:14:52+0200', '2026-06-03T00:14:52.000Z'],
    ['2026-06-03 02:14 UTC', '2026-06-03T02:14:00.000Z'],
    ['2026-06-03', '2026-06-03T00:00:00.000Z'],
    ['2028-02-29T23:59:60Z', '2028-03-01T00:00:00.000Z'],
  ])('%s', (text, utc) => {
    expect(at(text)).toBe(utc)
  })

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-06-03T24:00:00Z',
    '2026-06-03T02:60:00Z',
    '2026-06-03T02:14:5aZ',
    '2026-06-03T02:14:52.Z',
    '2026-06-03T02:14:52.1234567890Z',
    '2026-06-03T02:14:52X',
    '20a6-06-03T02:14:52Z',
    'yesterday',
    '',
  ])('is not %s', (text) => {
    expect(at(text)).toBeUndefined()
  })
})

describe('the style of a column', () => {
  it.each([
    [['2026-06-03', '2026-06-04T10:00:00Z'], 'iso'],
    [['1767261600', '1767261601'], 'epoch-s'],
    [['1767261600123'], 'epoch-ms'],
    [['03/06/2026', '25/06/2026'], 'dmy'],
    [['03/06/2026', '06/25/2026'], 'mdy'],
    [['03/06/2026', '04/06/2026'], 'ambiguous'],
    [['25/06/2026', '06/25/2026'], 'ambiguous'],
    [['red', 'green'], undefined],
    [['12345', '999999'], undefined],
    [[], undefined],
  ] as const)('of %j is %s', (values, style) => {
    expect(timeStyleOf(values)).toBe(style)
  })
})
