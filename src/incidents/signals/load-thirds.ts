import { minCases } from './decisions.ts'

export interface TimedCase {
  readonly at: number
  readonly isGone: boolean
}

export interface LoadThirds {
  /** Rows in a minute. */
  readonly busyRate: number
  readonly quietRate: number
  readonly shareBusy: number
  readonly shareQuiet: number
}

const minuteMs = 60_000

/**
 * The busiest third of minutes against the quietest, from the first absence on: before it, what is there in quiet
 * minutes may only be from before a change. Undefined where the rates differ by less than a factor of 2.
 */
export function loadThirdsOf(cases: readonly TimedCase[]): LoadThirds | undefined {
  const first = cases.reduce((least, { at, isGone }) => (isGone ? Math.min(least, at) : least), Infinity)
  const since = cases.filter(({ at }) => at >= Math.floor(first / minuteMs) * minuteMs)
  const minutes = [...Map.groupBy(since, ({ at }) => Math.floor(at / minuteMs))]
    .toSorted(([a, one], [b, other]) => one.length - other.length || a - b)
    .map(([, rows]) => rows)
  const third = Math.floor(minutes.length / 3)
  if (third < minCases) return undefined
  const [quiet, busy] = [minutes.slice(0, third).flat(), minutes.slice(-third).flat()]
  if (busy.length < quiet.length * 2) return undefined
  const shareOf = (rows: readonly TimedCase[]): number =>
    rows.filter(({ isGone }) => isGone).length / rows.length
  return {
    busyRate: busy.length / third,
    quietRate: quiet.length / third,
    shareBusy: shareOf(busy),
    shareQuiet: shareOf(quiet),
  }
}
