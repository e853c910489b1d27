import { describe, expect, it } from 'vitest'
import {
  isFinalStatus,
  isRetriedStatus,
  isSameOpening,
  retryAfterMs,
  waitMs,
} from '../../src/browser/rules.ts'

describe('an answer', () => {
  it.each([200, 201, 204, 303, 400, 401, 404, 410, 412, 422])('%i is the last word', (status) => {
    expect(isFinalStatus(status, null)).toBe(true)
    expect(isRetriedStatus(status, '1')).toBe(false)
  })

  it.each([408, 425, 429, 500, 502, 503, 504])('%i is not, and is tried again', (status) => {
    expect(isFinalStatus(status, null)).toBe(false)
    expect(isRetriedStatus(status, null)).toBe(true)
  })

  it.each([0, 501, 505, 599])('%i is neither', (status) => {
    expect(isFinalStatus(status, null)).toBe(false)
    expect(isRetriedStatus(status, null)).toBe(false)
  })

  it('409 is tried again when it says when, and is the last word only when it says that the request failed', () => {
    const link = (problem: string): string => `<https://shop.example/problems#${problem}>; rel="describedby"`
    expect(isRetriedStatus(409, '1')).toBe(true)
    expect(isRetriedStatus(409, null)).toBe(false)
    expect(isFinalStatus(409, link('failed'))).toBe(true)
    for (const problem of ['in-progress', 'in-doubt', 'twin-refused'])
      expect(isFinalStatus(409, link(problem))).toBe(false)
  })
})

describe('Retry-After', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT'

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
    ['soon', 0],
    ['', 0],
    [null, 0],
  ])('%j is %i ms by the clock of the server', (value, ms) => {
    expect(retryAfterMs(value, date, Date.parse('2031-01-01'))).toBe(ms)
  })

  it('of a server that does not tell its time is read by the clock of the page', () => {
    expect(retryAfterMs(date, null, Date.parse(date) - 5000)).toBe(5000)
  })

  it('is never undercut, and not all come back at that moment', () => {
    for (const random of [0, 0.5, 0.999])
      for (const tries of [1, 2, 9, 60]) expect(waitMs(tries, 3000, random)).toBeGreaterThanOrEqual(3000)
    expect(waitMs(1, 3000, 0.9)).toBeGreaterThan(waitMs(1, 3000, 0.1))
  })
})

it('waits double, with full jitter, and at most 20 s', () => {
  expect([1, 2, 3, 4].map((tries) => waitMs(tries, 0, 1))).toEqual([500, 1000, 2000, 4000])
  expect(waitMs(3, 0, 0)).toBe(0)
  expect(waitMs(500, 0, 1)).toBe(20_000)
})

it('takes a reload and a way back for the same opening, and nothing else', () => {
  expect(['reload', 'back_forward', 'navigate', 'prerender', undefined].map(isSameOpening)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

it('begins no intent where there is no page, as on a server that renders one', async () => {
  const path = '../../src/browser/intent.ts'
  const { openIntent } = (await import(path)) as { openIntent: (name: string) => unknown }
  expect(() => openIntent('order')).toThrow('openIntent must be called in a page')
})
