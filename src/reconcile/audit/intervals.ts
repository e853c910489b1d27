import type { Decisions } from './decisions.ts'
import { gapOfBucket, type Tally } from './tally.ts'

export interface Interval {
  readonly gapMs: number
  readonly groups: number
  /** Some groups repeat it: the third comes as long after the second as that after the first. */
  readonly isRepeated: boolean
}

const maxIntervals = 3
/** A shorter one is a race, not a retry. */
const minGapMs = 200
const minGroups = 3
const minShare = 0.05
/** What gaps may be, from a race to a day, as the width of a logarithm: without neighbours they could lie anywhere in it. */
const range = Math.log(86_400_000 / minGapMs)
const neighbourhood = Math.log(4)
/** As many windows as there are places for a peak; all of them together may be wrong this often. */
const windows = 100
const chance = 0.01

/**
 * Gaps that come much more often than their neighbours. Groups with several equal gaps speak for themselves: 10:30:15,
 * :17 and :19 are a retry every two seconds, even if it is the only group there is.
 */
export function intervals(tally: Tally, decisions: Decisions): Interval[] {
  const rest = new Map(tally.buckets)
  const found: Interval[] = []
  while (found.length < maxIntervals) {
    const best = highest(rest, tally, decisions)
    if (best === undefined) break
    for (const bucket of best.buckets) rest.delete(bucket)
    if (stands(best, tally))
      found.push({
        gapMs: rounded(best.sumMs / best.groups),
        groups: best.groups,
        isRepeated: best.regular > 0,
      })
  }
  return found
}

interface Peak {
  readonly gapMs: number
  readonly buckets: readonly number[]
  readonly groups: number
  readonly regular: number
  readonly sumMs: number
  /** Logarithmic width of the window. */
  readonly width: number
}

function highest(
  rest: ReadonlyMap<number, { groups: number; sumMs: number }>,
  tally: Tally,
  { toleranceMs }: Decisions,
): Peak | undefined {
  let best: Peak | undefined
  const isFine = tally.fine > tally.withGap / 2
  for (const bucket of rest.keys()) {
    const gapMs = gapOfBucket(bucket)
    if (gapMs < minGapMs) continue
    const tolerance = toleranceMs(gapMs, isFine)
    const low = Math.log(Math.max(gapMs - tolerance, 1))
    const high = Math.log(gapMs + tolerance)
    const buckets = [...rest.keys()].filter((other) => isWithin(Math.log(gapOfBucket(other)), low, high))
    const sum = (of: (bucket: number) => number): number => buckets.reduce((total, one) => total + of(one), 0)
    const groups = sum((one) => rest.get(one)?.groups ?? 0)
    if (best !== undefined && groups <= best.groups) continue
    const regular = sum((one) => tally.regular.get(one) ?? 0)
    best = {
      gapMs,
      buckets,
      groups,
      regular,
      sumMs: sum((one) => rest.get(one)?.sumMs ?? 0),
      width: high - low,
    }
  }
  return best
}

function stands({ gapMs, groups, regular, width }: Peak, tally: Tally): boolean {
  if (groups / tally.refs < minShare) return false
  if (regular >= minGroups || (regular > 0 && regular === groups)) return true
  if (groups < minGroups) return false
  const middle = Math.log(gapMs)
  let around = 0
  for (const [bucket, { groups: count }] of tally.buckets)
    if (isWithin(Math.log(gapOfBucket(bucket)), middle - neighbourhood, middle + neighbourhood))
      around += count
  const byNeighbours = ((around - groups) * width) / (2 * neighbourhood - width)
  const expected = Math.max(byNeighbours, (tally.withGap * width) / range)
  return windows * poissonTail(groups, expected) < chance
}

/** How likely so many, or more, are where `expected` are to be expected (Poisson). */
export function poissonTail(count: number, expected: number): number {
  // The sum of what is above: below it, the digits of 1 minus a sum would be lost.
  let logTerm = -expected
  for (let k = 1; k <= count; k++) logTerm += Math.log(expected / k)
  let [sum, term] = [0, Math.exp(logTerm)]
  for (let k = count + 1; term > 0 && (k <= expected || term > sum * 1e-12); k++) {
    sum += term
    term *= expected / k
  }
  return Math.min(sum + term, 1)
}

function isWithin(value: number, low: number, high: number): boolean {
  return value >= low - 1e-9 && value <= high + 1e-9
}

/** 2013 ms on average is 2 seconds and the time a request takes. */
function rounded(ms: number): number {
  for (const unit of [60_000, 1000, 100]) {
    const near = Math.round(ms / unit) * unit
    if (near > 0 && Math.abs(ms - near) <= ms * 0.03) return near
  }
  return Math.round(ms)
}
