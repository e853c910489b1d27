import { array, assert, integer, property } from 'fast-check'
import { expect, it } from 'vitest'
import { changePoints, intervalOf } from '../../src/incidents/signals/change-points.ts'
import { riseOf, seriesOf } from '../../src/incidents/signals/onset.ts'
import { splitOf } from '../../src/incidents/signals/size-split.ts'
import { numbersFrom } from './support/bundle.ts'

function poisson(rate: number, random: () => number): number {
  let [count, product] = [0, random()]
  while (product > Math.exp(-rate)) {
    count++
    product *= random()
  }
  return count
}

it('a rate that rises is found where it rises, and the interval holds the place', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = numbersFrom(seed * 7919)
    const at = 60 + Math.floor(random() * 120)
    const counts = Array.from({ length: 240 }, (_, index) => poisson(index < at ? 0.2 : 3, random))
    const points = changePoints(counts)
    expect(points.length, String(seed)).toBe(1)
    const [point = 0] = points
    const [low, high] = intervalOf(counts, { from: 0, at: point, to: 240 })
    expect(
      Math.min(Math.abs(low - at), Math.abs(high - at), low <= at && at <= high ? 0 : 99),
      String(seed),
    ).toBeLessThanOrEqual(3)
  }
})

it('a steady rate has no change points', () => {
  const random = numbersFrom(5)
  const found = Array.from(
    { length: 20 },
    () => changePoints(Array.from({ length: 200 }, () => poisson(2, random))).length,
  )
  expect(found.filter((count) => count > 0).length).toBeLessThanOrEqual(2)
})

it('pruning loses nothing: PELT finds what optimal partitioning finds', () => {
  assert(
    property(array(integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 24 }), (counts) => {
      expect(costOf(counts, changePoints(counts, 4))).toBeCloseTo(optimal(counts, 4), 6)
    }),
    { numRuns: 200 },
  )
})

function segmentCost(counts: readonly number[]): number {
  const sum = counts.reduce((total, count) => total + count, 0)
  return sum === 0 ? 0 : 2 * sum * (1 - Math.log(sum / counts.length))
}

function costOf(counts: readonly number[], points: readonly number[]): number {
  const edges = [0, ...points, counts.length]
  return edges.slice(1).reduce((sum, end, at) => sum + segmentCost(counts.slice(edges[at], end)) + 4, 0)
}

function optimal(counts: readonly number[], penalty: number): number {
  const best = [0]
  for (let end = 1; end <= counts.length; end++) {
    const costs = best.map((cost, start) => cost + segmentCost(counts.slice(start, end)) + penalty)
    best.push(Math.min(...costs))
  }
  return best[counts.length] ?? 0
}

it('the onset ends at the first event of the rise, and what came from the first minute on has none', () => {
  const span = { fromMs: 0, toMs: 120 * 60_000 }
  const times = Array.from({ length: 60 }, (_, index) => (60 + index) * 60_000 + 17_000)
  const onset = riseOf(seriesOf('duplicates', 'x', { times, span }), times)
  expect(onset).toMatchObject({ isFromFirst: false, toMs: 60 * 60_000 + 17_000, before: 0 })
  expect(onset?.fromMs).toBeGreaterThanOrEqual(55 * 60_000)
  const always = Array.from({ length: 120 }, (_, index) => index * 60_000)
  expect(riseOf(seriesOf('duplicates', 'x', { times: always, span }), always)).toMatchObject({
    isFromFirst: true,
  })
})

it('the size above which a field is missing', () => {
  const cases = Array.from({ length: 100 }, (_, index) => ({ size: index * 10, isGone: index > 70 }))
  expect(splitOf(cases)).toEqual({ thresholdBytes: 700, shareAbove: 1, shareBelow: 0, goneAbove: 1 })
  // Of what is larger, a third: that all are there would err least.
  const third = splitOf(cases.map(({ size }, at) => ({ size, isGone: at > 40 && at % 3 === 0 })))
  expect(third).toMatchObject({ thresholdBytes: 410, shareBelow: 0 })
  const alike = splitOf(cases.map(({ size }) => ({ size, isGone: size % 30 !== 0 })))
  expect(alike.shareBelow).toBeGreaterThan(0.4)
})
