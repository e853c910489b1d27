import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { Doubt, Entry, EntryError, EntryState, Resolution, StepsDocument } from '../../ledger/entry.ts'
import type { SafetyKind } from '../../ledger/safety.ts'

/** All columns of onceward_entries. */
export const columns: readonly string[] = [
  'ref',
  'scope',
  'operation',
  'key',
  'subject',
  'state',
  'safety',
  'fingerprint',
  'owner',
  'epoch',
  'attempt',
  'round',
  'rev',
  'owner_write',
  'lease_ms',
  'lease_until_ms',
  'claimed_at_ms',
  'first_send_ms',
  'finished_at_ms',
  'earlier_unknown',
  'value_kept',
  'retain_ms',
  'buried_state',
  'settled_digest',
  'value',
  'error',
  'steps',
  'doubt',
  'resolution',
  'claimed_epoch',
]

/** The values of a row, in the order of `columns`. */
export type Row = readonly SQLOutputValue[]

export function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** What writes may change, in the order of `columns`, without what is frozen. */
export function mutableValuesOf(entry: Entry): SQLInputValue[] {
  return [
    entry.state,
    entry.owner,
    entry.epoch,
    entry.attempt,
    entry.round,
    entry.rev,
    entry.ownerWrite,
    entry.leaseMs,
    entry.leaseUntilMs,
    entry.claimedAtMs,
    entry.firstPossibleSendAtMs ?? null,
    entry.finishedAtMs ?? null,
    entry.earlierUnknown ? 1 : 0,
    entry.valueKept ? 1 : 0,
    entry.retainMs,
    entry.buriedState ?? null,
    entry.settledDigest ?? null,
    entry.value ?? null,
    json(entry.error),
    json(entry.steps),
    json(entry.doubt),
    json(entry.resolution),
    entry.claimedEpoch ?? null,
  ]
}

/** A plain object costs several times what a list does, so rows are read as lists. */
export function entryOf(row: Row): Entry {
  return {
    ref: row[0] as string,
    scope: row[1] as string,
    operation: row[2] as string,
    key: row[3] as string,
    subject: given<string>(row[4]),
    state: row[5] as EntryState,
    safety: row[6] as SafetyKind,
    fingerprint: row[7] as string,
    owner: row[8] as string,
    epoch: row[9] as number,
    attempt: row[10] as number,
    round: row[11] as number,
    rev: row[12] as number,
    ownerWrite: row[13] as number,
    leaseMs: row[14] as number,
    leaseUntilMs: row[15] as number,
    claimedAtMs: row[16] as number,
    firstPossibleSendAtMs: given<number>(row[17]),
    finishedAtMs: given<number>(row[18]),
    earlierUnknown: row[19] === 1,
    valueKept: row[20] === 1,
    retainMs: row[21] as number,
    buriedState: given<'succeeded' | 'failed'>(row[22]),
    settledDigest: given<string>(row[23]),
    value: given<Uint8Array>(row[24]),
    error: parsed<EntryError>(row[25]),
    steps: parsed<StepsDocument>(row[26]),
    doubt: parsed<Doubt>(row[27]),
    resolution: parsed<Resolution>(row[28]),
    claimedEpoch: given<number>(row[29]),
  }
}

function given<T>(value: SQLOutputValue | undefined): T | undefined {
  return value === null ? undefined : (value as T)
}

function parsed<T>(value: SQLOutputValue | undefined): T | undefined {
  return value === null ? undefined : (JSON.parse(value as string) as T)
}
