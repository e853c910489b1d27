import type { Entry, EntryError, EntryState, StepsDocument } from '../../ledger/entry.ts'
import type { SafetyKind } from '../../ledger/safety.ts'
import type { Cell, Row } from './pool.ts'

/** Numbers of the states in the table. The open ones are below 3: the partial index counts on it. */
export const stateCodes: Readonly<Record<EntryState, number>> = {
  claimed: 0,
  started: 1,
  in_doubt: 2,
  released: 3,
  succeeded: 4,
  failed: 5,
  tombstone: 6,
}
const states = Object.keys(stateCodes) as readonly EntryState[]

export const safetyCodes: Readonly<Record<SafetyKind, number>> = {
  transactional: 0,
  keyed: 1,
  verifiable: 2,
  blind: 3,
}
const safeties = Object.keys(safetyCodes) as readonly SafetyKind[]

/** All columns of onceward_entries, in the order in which `entryOf` reads them. */
export const columns = [
  'ref',
  'scope',
  'operation',
  'key',
  'subject',
  'fingerprint',
  'owner',
  'state',
  'safety',
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
  'retain_ms',
  'earlier_unknown',
  'value_kept',
  'buried_state',
  'settled_digest',
  'value',
  'error',
  'steps',
  'doubt_since_ms',
  'doubt_why',
  'resolution',
  'resolved_at_ms',
] as const
export type Column = (typeof columns)[number]

/** The columns of table alias `alias`, for a select list or RETURNING; `instead` says something else for some. */
export function columnsOf(alias: string, instead: Partial<Record<Column, string>> = {}): string {
  return columns.map((name) => instead[name] ?? `${alias}.${name}`).join(', ')
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The entry whose columns begin at `row[at]`. */
export function entryOf(row: Row, at: number): Entry {
  const entry: Mutable<Entry> = {
    ref: row[at] as string,
    scope: row[at + 1] as string,
    operation: row[at + 2] as string,
    key: row[at + 3] as string,
    state: states[Number(row[at + 7])] as EntryState,
    safety: safeties[Number(row[at + 8])] as SafetyKind,
    fingerprint: row[at + 5] as string,
    owner: row[at + 6] as string,
    epoch: Number(row[at + 9]),
    attempt: Number(row[at + 10]),
    round: Number(row[at + 11]),
    rev: Number(row[at + 12]),
    ownerWrite: Number(row[at + 13]),
    leaseMs: Number(row[at + 14]),
    leaseUntilMs: Number(row[at + 15]),
    claimedAtMs: Number(row[at + 16]),
    earlierUnknown: row[at + 20] === 't',
    valueKept: row[at + 21] === 't',
    retainMs: Number(row[at + 19]),
  }
  addOptional(entry, row, at)
  return entry
}

function addOptional(entry: Mutable<Entry>, row: Row, at: number): void {
  const cell = (index: number): Cell => row[at + index] ?? null
  const [subject, firstSendMs, finishedAtMs, buriedState] = [cell(4), cell(17), cell(18), cell(22)]
  if (subject !== null) entry.subject = subject
  if (firstSendMs !== null) entry.firstPossibleSendAtMs = Number(firstSendMs)
  if (finishedAtMs !== null) entry.finishedAtMs = Number(finishedAtMs)
  if (buriedState !== null) entry.buriedState = states[Number(buriedState)] as 'succeeded' | 'failed'
  const [settledDigest, value, error, steps] = [cell(23), cell(24), cell(25), cell(26)]
  if (settledDigest !== null) entry.settledDigest = settledDigest
  if (value !== null) entry.value = bytesOf(value)
  if (error !== null) entry.error = JSON.parse(error) as EntryError
  if (steps !== null) entry.steps = JSON.parse(steps) as StepsDocument
  const [doubtWhy, resolution] = [cell(28), cell(29)]
  if (doubtWhy !== null) entry.doubt = { sinceMs: Number(cell(27)), why: JSON.parse(doubtWhy) as string }
  if (resolution !== null)
    entry.resolution = {
      ...(JSON.parse(resolution) as { by: string; because: string }),
      atMs: Number(cell(30)),
    }
}

/** JSON for a text column: it escapes NUL, which PostgreSQL's texts cannot hold. */
export function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}

/** `bytea` as text, in the format `hex`, or in `escape` where somebody has set `bytea_output` so. */
export function bytesOf(text: string): Uint8Array {
  if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex')
  const plain = text.replace(/\\(\\|[0-7]{3})/g, (_, code: string) =>
    code === '\\' ? '\\' : String.fromCharCode(Number.parseInt(code, 8)),
  )
  return Buffer.from(plain, 'latin1')
}
