import type { InvariantId } from '../testing/invariant-ids.ts'

/** What a drill must come to at least once, or it has proved nothing. */
export const occurrences = {
  S1: 'a takeover',
  S2: 'a replay',
  S3: 'an entry in doubt',
  S4: 'a failover that lost acknowledged rows',
  S5: 'an outcome found by asking the target',
  S6: 'a lease that was renewed',
  S7: 'an outcome that came late',
  S8: 'a recall that met another history',
} as const
export type OccurrenceId = keyof typeof occurrences

export type CheckId = InvariantId | OccurrenceId

/** What a documented loss came to, over all runs of it. */
export interface Residual {
  readonly runs: number
  /** Effects beyond the first of a key. */
  readonly repeated: number
  /** Acknowledged outcomes that the ledger had no longer. */
  readonly lost: number
  /** Keys that were exposed to it. */
  readonly keys: number
}

/** How much is tried: `small` for a quick test, `whole` for the command, `full` for the long proof. */
export type DrillSize = 'small' | 'whole' | 'full'
