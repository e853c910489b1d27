import { describe, expect, it } from 'vitest'
import { decisions } from '../../src/reconcile/audit/decisions.ts'
import { intervals, poissonTail } from '../../src/reconcile/audit/intervals.ts'
import { bucketOf, Tally } from '../../src/reconcile/audit/tally.ts'
import { seededRandom } from '../../src/testing/random.ts'

/** Gaps spread evenly by their logarithm between two bounds: whoever sees an interval in them sees ghosts. */
function spread(seed: number, count: number, [low, high]: readonly [number, number]): Tally {
  const random = seededRandom(seed)
  const tally = new Tally()
  for (let at = 0; at < count; at++) addGap(tally, low * (high / low) ** random())
  return tally
}

function addGap(tally: Tally, gapMs: number): void {
  const bucket = tally.buckets.get(bucketOf(gapMs)) ?? { gaps: 0, groups: 0, sumMs: 0 }
  tally.buckets.set(bucketOf(gapMs), {
    gaps: bucket.gaps + 1,
    groups: bucket.groups + 1,
    sumMs: bucket.sumMs + gapMs,
  })
  tally.refs++
  tally.withGap++
  tally.fine++
}

describe('an interval is not seen where there is none', () => {
  it.each([3, 5, 10, 30, 100, 300, 3000])('in %i gaps at random', (count) => {
    const rounds = count > 1000 ? 20 : 100
    let seen = 0
    for (let seed = 1; seed <= rounds; seed++) {
      if (intervals(spread(seed, count, [300, 80_000_000]), decisions).length > 0) seen++
      if (intervals(spread(seed, count, [1000, 60_000]), decisions).length > 0) seen++
    }
    expect(seen / (2 * rounds)).toBeLessThanOrEqual(0.03)
  })
})

it.each([10, 30, 100])('an interval of a fifth of %i references is seen among others', (count) => {
  const tally = spread(9, count, [300, 80_000_000])
  for (let at = 0; at < Math.max(4, count / 5); at++) addGap(tally, 5000 + at)
  expect(intervals(tally, decisions)).toMatchObject([{ gapMs: 5000 }])
})

it('the tail of Poisson is the tail of Poisson', () => {
  expect(poissonTail(1, 0.5)).toBeCloseTo(1 - Math.exp(-0.5), 10)
  expect(poissonTail(3, 2)).toBeCloseTo(1 - Math.exp(-2) * (1 + 2 + 2), 10)
  expect(poissonTail(200, 100)).toBeLessThan(1e-15)
  expect(poissonTail(50, 100)).toBeGreaterThan(0.999)
})
