import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import type { TimeSpan } from '../model.ts'
import { changePoints, intervalOf } from './change-points.ts'
import type { Groups } from './groups.ts'
import type { Losses } from './losses-of.ts'

export interface Series {
  readonly name: string
  readonly source: string
  readonly fromMs: number
  readonly bucketMs: number
  readonly counts: readonly number[]
}

export interface Onset extends TimeSpan {
  /** Of what: duplicates, losses, … */
  readonly series: Series
  /** Counts in a bucket, before and after. */
  readonly before: number
  readonly after: number
  /** How long the raised rate stays, as a part of what follows the onset. */
  readonly staysShare: number
  readonly isFromFirst: boolean
}

const bucketSizes = [60_000, 300_000, 900_000, 3_600_000, 86_400_000]
const maxBuckets = 1500
const minEvents = 3

export function seriesOf(
  name: string,
  source: string,
  { times, span }: { times: readonly number[]; span: TimeSpan },
): Series {
  const bucketMs = bucketSizes.find((size) => (span.toMs - span.fromMs) / size <= maxBuckets) ?? 86_400_000
  const fromMs = Math.floor(span.fromMs / bucketMs) * bucketMs
  const length = Math.min(Math.floor((span.toMs - fromMs) / bucketMs) + 1, maxBuckets * 4)
  const counts = Array.from({ length }, () => 0)
  for (const at of times) {
    const bucket = Math.floor((at - fromMs) / bucketMs)
    if (bucket >= 0 && bucket < length) counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  return { name, source, fromMs, bucketMs, counts }
}

/** The times of the effects that came again. */
export function duplicateTimes({ list }: Groups): number[] {
  return list.flatMap(({ rows }) => rows.slice(1).flatMap(({ at }) => at ?? []))
}

export function lossTimes({ lost }: Losses): number[] {
  return lost.flatMap(({ rows }) => rows[0]?.at ?? [])
}

/** Where a rate rises: of duplicates, else of losses, else of missing fields, else of what a constraint refused. */
export function onsetOf(
  sources: readonly LoadedSource[],
  at: { window: TimeSpan; groups: Groups; losses: Losses },
): Onset | undefined {
  const { window, groups, losses } = at
  const base = groups.base
  const candidates: readonly (readonly [string, string, readonly number[], LoadedSource | undefined])[] = [
    ['duplicates', base?.id ?? '', duplicateTimes(groups), base],
    ['losses', losses.dueSource?.id ?? '', lossTimes(losses), losses.dueSource],
    ...missingTimes(sources),
    ...violationTimes(sources),
  ]
  for (const [name, source, times, owner] of candidates) {
    if (times.length < minEvents) continue
    const span = spanWith(window, owner?.span ?? null)
    const onset = riseOf(seriesOf(name, source, { times, span }), times)
    // Violations that were there from the first are the usual ones.
    const isUsual = name === 'unique-violations' && onset?.isFromFirst === true
    if (onset !== undefined && !isUsual) return onset
  }
  return undefined
}

/** The window, and what the source holds before it: a clean time before is half of the finding. */
export function spanWith(window: TimeSpan, span: TimeSpan | null): TimeSpan {
  const longest = (window.toMs - window.fromMs) * 20
  const fromMs = Math.max(Math.min(window.fromMs, span?.fromMs ?? window.fromMs), window.fromMs - longest)
  return { fromMs, toMs: Math.max(window.toMs, fromMs) }
}

function missingTimes(
  sources: readonly LoadedSource[],
): (readonly [string, string, readonly number[], LoadedSource])[] {
  return sources
    .filter(
      ({ kind, map }) =>
        map.value !== undefined && (kind === 'effects' || kind === 'requests' || kind === 'deliveries'),
    )
    .map(
      (source) =>
        [
          'missing-fields',
          source.id,
          source.rows.flatMap(({ at, value }) => (value === undefined ? (at ?? []) : [])),
          source,
        ] as const,
    )
}

/** The same thing written twice: the sign of duplicates whose own list has no times. */
export const uniqueViolation: RegExp =
  /duplicate key|unique (constraint|violation|index)|\b23505\b|\b1062\b|E11000|ORA-00001|UNIQUE constraint failed|duplicate entry/i

function violationTimes(
  sources: readonly LoadedSource[],
): (readonly [string, string, readonly number[], LoadedSource])[] {
  return sources
    .filter(({ kind }) => kind === 'log')
    .map(
      (source) =>
        [
          'unique-violations',
          source.id,
          timesOf(source.rows.filter(({ message = '' }) => uniqueViolation.test(message))),
          source,
        ] as const,
    )
}

export function riseOf(series: Series, times: readonly number[]): Onset | undefined {
  const { counts, bucketMs, fromMs } = series
  const first = counts.findIndex((count) => count > 0)
  if (first === -1) return undefined
  const points = [0, ...changePoints(counts), counts.length]
  const rates = points.slice(0, -1).map((start, at) => rateOf(counts, start, points[at + 1] ?? counts.length))
  const rise = rates.findIndex((rate, at) => at > 0 && rate > 2 * (rates[at - 1] ?? 0) && rate > 0)
  if (rise === -1) {
    const rate = rateOf(counts, 0, counts.length)
    const onset = fromMs + first * bucketMs
    return {
      series,
      fromMs: onset,
      toMs: onset + bucketMs,
      before: 0,
      after: rate,
      staysShare: 1,
      isFromFirst: first <= counts.length * 0.05,
    }
  }
  const [from = 0, start = 0, to = counts.length] = points.slice(rise - 1)
  const [low, high] = intervalOf(counts, { from, at: start, to })
  const before = rateOf(counts, from, start)
  const raised = points.slice(rise, -1).filter((_, at) => (rates[rise + at] ?? 0) > 2 * before)
  const stays = raised.reduce((sum, point) => sum + (points[points.indexOf(point) + 1] ?? point) - point, 0)
  const toMs = firstAfter(times, fromMs + high * bucketMs) ?? fromMs + (high + 1) * bucketMs
  return {
    series,
    fromMs: Math.min(fromMs + low * bucketMs, toMs),
    toMs,
    before,
    after: rateOf(counts, start, to),
    staysShare: stays / Math.max(1, counts.length - start),
    isFromFirst: false,
  }
}

function firstAfter(times: readonly number[], ms: number): number | undefined {
  let least: number | undefined
  for (const at of times) if (at >= ms && (least === undefined || at < least)) least = at
  return least
}

function rateOf(counts: readonly number[], from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at++) sum += counts[at] ?? 0
  return to > from ? sum / (to - from) : 0
}

export function timesOf(rows: readonly BundleRow[]): number[] {
  return rows.flatMap(({ at }) => at ?? [])
}
