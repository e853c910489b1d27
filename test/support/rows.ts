import type { Entry, EntryState, StepRecord } from '../../src/ledger/entry.ts'

export const nowMs: number = Date.UTC(2026, 0, 15, 12)

/** A row of the given shape; everything else is as after one ordinary attempt, an hour ago. */
export function rowOf(given: Partial<Entry> & { readonly state: EntryState }): Entry {
  const claimedAtMs = nowMs - 3_600_000
  return {
    ref: 'bzhw7p4ygk25316hnkzs38hk',
    scope: 'shop',
    operation: 'charge',
    key: 'order-1',
    safety: 'blind',
    fingerprint: 'f',
    owner: 'owner-1',
    epoch: 1,
    attempt: 1,
    round: 0,
    rev: 1,
    ownerWrite: 0,
    leaseMs: 30_000,
    leaseUntilMs: claimedAtMs + 30_000,
    claimedAtMs,
    firstPossibleSendAtMs: claimedAtMs,
    earlierUnknown: false,
    valueKept: true,
    retainMs: 86_400_000,
    ...given,
  }
}

export function stepOf(given: Partial<StepRecord> = {}): StepRecord {
  return {
    name: 'pay',
    safety: 'blind',
    state: 'started',
    attempts: 1,
    startedAtMs: nowMs - 3_600_000,
    firstPossibleSendAtMs: nowMs - 3_600_000,
    inputDigest: '',
    round: 0,
    ...given,
  }
}
