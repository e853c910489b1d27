import type { SignalValue } from '../model.ts'

/*
 * What counts as most, as hardly any, as a gap explained. Pure, so that a mutant can replace one and the tests must
 * notice. The words are those of the specifications (signal-list/).
 */

export const minCases = 3

/** "Most" is at least 60 %, "hardly any" below 15 %; what lies between, or rests on fewer than three cases, is not known. */
export function byShare(yes: number, total: number): SignalValue {
  if (total < minCases) return 'unknown'
  const share = yes / total
  if (share >= 0.6) return true
  return share < 0.15 ? false : 'unknown'
}

/** A timeout or lease lets its retry begin a little after it, never before. */
export function isJustAbove(gapMs: number, constantMs: number): boolean {
  return gapMs >= constantMs * 0.98 && gapMs <= constantMs * 1.15 + 50
}

/** A whole multiple of a period, within 5 % of it. */
export function isMultiple(gapMs: number, periodMs: number): boolean {
  const times = Math.round(gapMs / periodMs)
  return times >= 1 && Math.abs(gapMs - times * periodMs) <= periodMs * 0.05
}

/** Equal intervals: each within 10 % of their median. */
export function isFixed(intervals: readonly number[]): boolean {
  const middle = median(intervals)
  return (
    intervals.length >= 2 && middle >= 500 && intervals.every((one) => Math.abs(one - middle) <= middle * 0.1)
  )
}

/** Absent above a size or a load: in at least 30 % there, and at least five times as often as below it. */
export function isParted(shareAbove: number, shareBelow: number): boolean {
  return shareAbove >= 0.3 && shareAbove >= shareBelow * 5
}

/** A field was in at least 50 rows before it was first absent, and is absent in at least 10 % from there on. */
export function isDropped(rows: { before: number; after: number; goneAfter: number }): boolean {
  return rows.before >= 50 && rows.goneAfter >= rows.after * 0.1
}

/** Nearly all that is lost (90 %) is large; of what is large most is lost, of the rest hardly any. */
export function isOfLarge(shares: { shareAbove: number; shareBelow: number; goneAbove: number }): boolean {
  return shares.goneAbove >= 0.9 && shares.shareAbove >= 0.6 && shares.shareBelow < 0.15
}

export function isVolatileName(name: string): boolean {
  return /^(at|ts|time|timestamp|date|sent|now)$|(_at|At|_ts|_time|Time|timestamp|Timestamp)$|nonce|token|trace|span_?id|request_?id|correlation|attempt|retry|signature|jitter|user_?agent/i.test(
    name,
  )
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export interface Decisions {
  readonly byShare: typeof byShare
  readonly isJustAbove: typeof isJustAbove
  readonly isMultiple: typeof isMultiple
  readonly isFixed: typeof isFixed
  readonly isParted: typeof isParted
  readonly isDropped: typeof isDropped
  readonly isOfLarge: typeof isOfLarge
  readonly isVolatileName: typeof isVolatileName
}

export const decisions: Decisions = {
  byShare,
  isJustAbove,
  isMultiple,
  isFixed,
  isParted,
  isDropped,
  isOfLarge,
  isVolatileName,
}
