import type { BundleFacts, SeriesFact } from '../model.ts'
import { poissonQuantile } from './poisson.ts'

/** What a series was before the onset and is after it, in counts for each bucket. */
export interface Baseline {
  readonly series: SeriesFact
  readonly before: number
  readonly after: number
  /** Buckets before the onset: how much the rate before rests on. */
  readonly bucketsBefore: number
  /** Where the buckets after the onset begin. */
  readonly onsetBucket: number
}

/** Series of what should not happen; those of all work are no measure of trouble. */
const troubles = ['duplicates', 'losses', 'unique-violations', 'missing-fields', 'refusals', 'errors']

/** With an onset, of each series of trouble that rose after it. Without one there is no rate before. */
export function baselines({ series, onset }: BundleFacts): readonly Baseline[] {
  if (onset === undefined) return []
  return troubles.flatMap((name) =>
    series
      .filter((each) => each.name === name)
      .flatMap((each) => {
        const at = Math.ceil((onset.fromMs - each.fromMs) / each.bucketMs)
        const onsetBucket = Math.min(each.counts.length, Math.max(0, at))
        const before = mean(each.counts.slice(0, onsetBucket))
        const after = mean(each.counts.slice(onsetBucket))
        if (onsetBucket === 0 || after <= before) return []
        return [{ series: each, before, after, bucketsBefore: onsetBucket, onsetBucket }]
      }),
  )
}

function mean(counts: readonly number[]): number {
  return counts.length === 0 ? 0 : counts.reduce((sum, count) => sum + count, 0) / counts.length
}

export interface Threshold {
  readonly most: number
  readonly windowMs: number
}

const hourMs = 3_600_000

/** Decisions, replaceable by a mutant. */
export interface ThresholdRules {
  readonly verify: (baseline: Baseline) => Threshold
  /** Above how many in how long an alert fires. */
  readonly alert: (baseline: Baseline) => Threshold
}

export const thresholdRules: ThresholdRules = {
  verify({ series, before, after }) {
    // Long enough that the trouble, if it went on, would have shown about ten times; a quarter of an hour to a day.
    const buckets = Math.ceil(10 / after)
    const windowMs = Math.min(24 * hourMs, Math.max(hourMs / 4, buckets * series.bucketMs))
    return { most: poissonQuantile((before * windowMs) / series.bucketMs, 0.999), windowMs }
  },
  alert({ series, before }) {
    const windowMs = Math.max(series.bucketMs, 5 * 60_000)
    const usual = poissonQuantile((before * windowMs) / series.bucketMs, 0.9999)
    return { most: Math.max(1, usual), windowMs }
  },
}

/** The end of the first window with more than the threshold allows, or nothing. */
export function firesAtMs({ series }: Baseline, { most, windowMs }: Threshold): number | undefined {
  const width = Math.max(1, Math.round(windowMs / series.bucketMs))
  let sum = 0
  for (const [at, count] of series.counts.entries()) {
    sum += count - (at >= width ? (series.counts[at - width] ?? 0) : 0)
    if (sum > most) return series.fromMs + (at + 1) * series.bucketMs
  }
  return undefined
}
