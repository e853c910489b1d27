import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Key, KeyPart } from './intent.ts'
import { lintKey } from './key-lint.ts'

const nowMs = Date.UTC(2026, 0, 15, 12, 30)
const minuteMs = 60_000

function kind(key: Key): string {
  return lintKey(key, nowMs).kind
}

/** The shapes in which a value gets into a key. */
const wrappings: readonly ((value: KeyPart) => Key)[] = [
  (value) => [value],
  (value) => ['order', value],
  (value) => `order-${value}`,
  (value) => `order_${value}`,
  (value) => `order:${value}:retry`,
  (value) => `order${value}`,
  (value) => `${value}`,
  (value) => ['charge', `req${value}x`],
]

describe('the key lint', () => {
  it.each([0, -9, 9])(
    'refuses 13 digits that are %i minutes from now, alone or inside a longer string',
    (minutes) => {
      for (const wrap of wrappings) {
        expect([wrap(0), kind(wrap(nowMs + minutes * minuteMs))]).toEqual([wrap(0), 'unstable'])
      }
    },
  )

  it.each([-11, 11])('lets 13 digits pass that are %i minutes from now', (minutes) => {
    for (const wrap of wrappings) expect(kind(wrap(nowMs + minutes * minuteMs))).toBe('fine')
  })

  it('refuses exactly up to ten minutes', () => {
    expect(kind([nowMs - 10 * minuteMs])).toBe('unstable')
    expect(kind([nowMs - 10 * minuteMs - 1])).toBe('fine')
    expect(kind([nowMs + 10 * minuteMs])).toBe('unstable')
    expect(kind([nowMs + 10 * minuteMs + 1])).toBe('fine')
  })

  it('takes 13 digits in any kind of part', () => {
    for (const part of [nowMs, String(nowMs), BigInt(nowMs), nowMs + 0.25])
      expect(kind([part])).toBe('unstable')
  })

  it('warns of ten digits near now, and never refuses them', () => {
    for (const wrap of wrappings) expect(kind(wrap(nowMs / 1000))).toBe('warn')
    expect(kind([nowMs / 1000 - 3600])).toBe('fine')
  })

  it('says the worst that it found', () => {
    expect(kind(['a', nowMs / 1000, nowMs])).toBe('unstable')
    expect(kind([nowMs, 'a', nowMs / 1000])).toBe('unstable')
  })

  it.each([
    '2026-01-15T12:30:00Z',
    '2026-01-15T12:30:00.123Z',
    '2026-01-15T12:30:00.123456789Z',
    '2026-01-15t12:30:00z',
    '2026-01-15 12:30:00Z',
    '2026-01-15T13:30:00+01:00',
    '2026-01-15T07:00:00-05:30',
  ])('refuses the RFC 3339 instant %s', (instant) => {
    for (const wrap of wrappings.slice(0, 5))
      expect([instant, kind(wrap(instant))]).toEqual([instant, 'unstable'])
  })

  it.each(['2026-01-15T10:30:00Z', '2025-01-15T12:30:00Z', '2026-01-15T12:30:00+09:00'])(
    'lets the instant %s pass: it is not near now',
    (instant) => {
      expect(kind(`report-${instant}`)).toBe('fine')
    },
  )

  it.each([
    '2026-01-15',
    '20260115',
    '2026-01',
    '2026-W03',
    '15.01.2026',
    '2026-01-15T12',
    'invoice-2026-01-15',
  ])('lets the calendar date %s pass', (date) => {
    expect(kind(date)).toBe('fine')
    expect(kind(['invoice', date])).toBe('fine')
  })

  it('refuses a Date, whenever it is', () => {
    expect(kind([new Date(0) as never])).toBe('unstable')
    expect(kind([new Date(nowMs) as never])).toBe('unstable')
  })

  it('lets UUIDs pass, with dashes and without, whatever their digits', () => {
    const digits = String(nowMs)
    const hex = fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'.split('')),
      minLength: 19,
      maxLength: 19,
    })
    fc.assert(
      fc.property(hex, fc.nat({ max: 19 }), (rest, at) => {
        const bare = `${rest.slice(0, at)}${digits}${rest.slice(at)}`
        const dashed = bare.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
        for (const id of [bare, dashed, dashed.toUpperCase(), `order-${dashed}`]) {
          expect([id, kind(id)]).toEqual([id, 'fine'])
        }
      }),
    )
  })

  it('lets ULIDs pass, whatever their digits', () => {
    expect(kind(`01${nowMs}ABCDEFGHJKM`)).toBe('fine')
    expect(kind(['order', `01kf0m${nowMs}abcdefg`])).toBe('fine')
  })

  it('lets Snowflakes and other long numbers pass', () => {
    for (const id of ['1541815603606036480', `${nowMs}000`, `1${nowMs}`, `${nowMs}7`, 1541815603606036480n]) {
      expect([id, kind([id])]).toEqual([id, 'fine'])
    }
  })

  it('lets ordinary keys pass', () => {
    for (const key of [
      'order-1001',
      ['order', 1001],
      'x',
      ['a', true, 2n],
      'customer@example.com',
      '+4930123456',
    ]) {
      expect(kind(key)).toBe('fine')
    }
  })

  it('never throws, whatever the key is', () => {
    const part = fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.boolean(), fc.date())
    fc.assert(fc.property(fc.array(part), (key) => void lintKey(key as Key, nowMs)))
  })

  it('shows what it found, and says what to do instead', () => {
    expect(lintKey(`order-${nowMs}`, nowMs)).toMatchObject({
      message: expect.stringMatching(new RegExp(`${nowMs}.*order number`)),
    })
  })
})
