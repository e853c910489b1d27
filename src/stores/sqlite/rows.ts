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
]

export type Row = Record<string, SQLOutputValue>

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
  ]
}

export function entryOf(row: Row): Entry {
  return {
    ref: row['ref'] as string,
    scope: row['scope'] as string,
    operation: row['operation'] as string,
    key: row['key'] as string,
    ...(row['subject'] === null ? {} : { subject: row['subject'] as string }),
    state: row['state'] as EntryState,
    safety: row['safety'] as SafetyKind,
    fingerprint: row['fingerprint'] as string,
    owner: row['owner'] as string,
    epoch: row['epoch'] as number,
    attempt: row['attempt'] as number,
    round: row['round'] as number,
    rev: row['rev'] as number,
    ownerWrite: row['owner_write'] as number,
    leaseMs: row['lease_ms'] as number,
    leaseUntilMs: row['lease_until_ms'] as number,
    claimedAtMs: row['claimed_at_ms'] as number,
    ...(row['first_send_ms'] === null ? {} : { firstPossibleSendAtMs: row['first_send_ms'] as number }),
    ...(row['finished_at_ms'] === null ? {} : { finishedAtMs: row['finished_at_ms'] as number }),
    earlierUnknown: row['earlier_unknown'] === 1,
    valueKept: row['value_kept'] === 1,
    retainMs: row['retain_ms'] as number,
    ...(row['buried_state'] === null ? {} : { buriedState: row['buried_state'] as 'succeeded' | 'failed' }),
    ...(row['settled_digest'] === null ? {} : { settledDigest: row['settled_digest'] as string }),
    ...(row['value'] === null ? {} : { value: row['value'] as Uint8Array }),
    ...documentsOf(row),
  }
}

function documentsOf(row: Row): Pick<Entry, 'error' | 'steps' | 'doubt' | 'resolution'> {
  const { error, steps, doubt, resolution } = row
  return {
    ...(error === null ? {} : { error: JSON.parse(error as string) as EntryError }),
    ...(steps === null ? {} : { steps: JSON.parse(steps as string) as StepsDocument }),
    ...(doubt === null ? {} : { doubt: JSON.parse(doubt as string) as Doubt }),
    ...(resolution === null ? {} : { resolution: JSON.parse(resolution as string) as Resolution }),
  }
}
