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
/** Whatever chance says, a retry stands out. */
const peak = 4

/**
 * Gaps that come much more often than their neighbours. Groups with several equal gaps speak for themselves: 10:30:15,
 * :17 and :19 are a retry every two seconds, even if it is the only group there is.
 */
export function intervals(tally: Tally, decisions: Decisions): Interval[] {
  let rest = bucketsOf(tally)
  const all = rest
  const found: Interval[] = []
  const isFine = tally.fine > tally.withGap / 2
  while (found.length < maxIntervals) {
    const best = highest(rest, (gapMs) => decisions.toleranceMs(gapMs, isFine))
    if (best === undefined) break
    rest = rest.filter(({ log }) => log < best.low || log > best.high)
    if (stands(best, all, tally))
      found.push({
        gapMs: rounded(best.sumMs / best.groups),
        groups: best.groups,
        isRepeated: best.regular > 0,
      })
  }
  return found
}

interface Bucket {
  /** Logarithm of its gap. */
  readonly log: number
  readonly groups: number
  readonly regular: number
  readonly sumMs: number
}

/** A window around a gap, and what lies in it. */
interface Peak extends Omit<Bucket, 'log'> {
  readonly low: number
  readonly high: number
}

function bucketsOf(tally: Tally): Bucket[] {
  return [...tally.buckets]
    .map(([bucket, { groups, sumMs }]) => ({
      log: Math.log(gapOfBucket(bucket)),
      groups,
      sumMs,
      regular: tally.regular.get(bucket) ?? 0,
    }))
    .toSorted((a, b) => a.log - b.log)
}

/** The window with the most groups. Windows move to the right, and so do their ends. */
function highest(buckets: readonly Bucket[], toleranceOf: (gapMs: number) => number): Peak | undefined {
  let best: Peak | undefined
  for (const { log } of buckets) {
    const gapMs = Math.exp(log)
    if (gapMs < minGapMs * 0.999) continue
    const tolerance = toleranceOf(gapMs)
    const [low, high] = [Math.log(Math.max(gapMs - tolerance, 1)) - 1e-9, Math.log(gapMs + tolerance) + 1e-9]
    const within = between(buckets, low, high)
    const groups = within.reduce((sum, bucket) => sum + bucket.groups, 0)
    if (best !== undefined && groups <= best.groups) continue
    const sum = (of: (bucket: Bucket) => number): number =>
      within.reduce((total, bucket) => total + of(bucket), 0)
    best = { low, high, groups, regular: sum(({ regular }) => regular), sumMs: sum(({ sumMs }) => sumMs) }
  }
  return best
}

function between(buckets: readonly Bucket[], low: number, high: number): readonly Bucket[] {
  return buckets.slice(firstFrom(buckets, low), firstFrom(buckets, high))
}

function firstFrom(buckets: readonly Bucket[], log: number): number {
  let [from, to] = [0, buckets.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((buckets[middle]?.log ?? 0) < log) from = middle + 1
    else to = middle
  }
  return from
}

function stands({ low, high, groups, regular }: Peak, all: readonly Bucket[], tally: Tally): boolean {
  if (groups / tally.refs < minShare) return false
  if (regular >= minGroups || (regular > 0 && regular === groups)) return true
  if (groups < minGroups) return false
  // At the edge of all gaps one side is empty and says nothing: the fuller one counts.
  const side = (from: number, to: number): number =>
    between(all, from, to).reduce((sum, bucket) => sum + bucket.groups, 0) / (to - from)
  const density = Math.max(
    side(low - neighbourhood, low),
    side(high, high + neighbourhood),
    tally.withGap / range,
  )
  const expected = density * (high - low)
  return groups >= peak * expected && windows * poissonTail(groups, expected) < chance
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

/** 2013 ms on average is 2 seconds and the time a request takes. */
function rounded(ms: number): number {
  for (const unit of [60_000, 1000, 100]) {
    const near = Math.round(ms / unit) * unit
    if (near > 0 && Math.abs(ms - near) <= ms * 0.03) return near
  }
  return Math.round(ms)
}
