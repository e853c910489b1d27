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

/** The columns of onceward_entries in the order of the table (tables.ts). New ones are added at the end, in both. */
export const columns = [
  'claimed_at_ms',
  'lease_until_ms',
  'lease_ms',
  'retain_ms',
  'epoch',
  'attempt',
  'round',
  'rev',
  'owner_write',
  'state',
  'safety',
  'earlier_unknown',
  'value_kept',
  'ref',
  'scope',
  'operation',
  'key',
  'fingerprint',
  'owner',
  'subject',
  'first_send_ms',
  'finished_at_ms',
  'settled_digest',
  'value',
  'error',
  'steps',
  'doubt_since_ms',
  'doubt_why',
  'resolved_at_ms',
  'resolution',
  'buried_state',
] as const
type Column = (typeof columns)[number]

const at = Object.fromEntries(columns.map((name, index) => [name, index])) as Readonly<Record<Column, number>>

/**
 * A whole row as one value of text, `(a,"b c",,…)`: describing and parsing thirty columns would cost driver and server
 * as much as the rest of a small statement.
 */
export function rowText(alias: string): string {
  return `${alias}::text`
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The entry of a row that `rowText` wrote. */
export function entryOf(text: string): Entry {
  const row = parseRow(text)
  const cell = (name: Column): Cell => row[at[name]] ?? null
  const entry: Mutable<Entry> = {
    ref: cell('ref') as string,
    scope: cell('scope') as string,
    operation: cell('operation') as string,
    key: cell('key') as string,
    state: states[Number(cell('state'))] as EntryState,
    safety: safeties[Number(cell('safety'))] as SafetyKind,
    fingerprint: cell('fingerprint') as string,
    owner: cell('owner') as string,
    epoch: Number(cell('epoch')),
    attempt: Number(cell('attempt')),
    round: Number(cell('round')),
    rev: Number(cell('rev')),
    ownerWrite: Number(cell('owner_write')),
    leaseMs: Number(cell('lease_ms')),
    leaseUntilMs: Number(cell('lease_until_ms')),
    claimedAtMs: Number(cell('claimed_at_ms')),
    earlierUnknown: cell('earlier_unknown') === 't',
    valueKept: cell('value_kept') === 't',
    retainMs: Number(cell('retain_ms')),
  }
  addTimes(entry, cell)
  addDocuments(entry, cell)
  return entry
}

function addTimes(entry: Mutable<Entry>, cell: (name: Column) => Cell): void {
  const subject = cell('subject')
  if (subject !== null) entry.subject = subject
  const firstSendMs = cell('first_send_ms')
  if (firstSendMs !== null) entry.firstPossibleSendAtMs = Number(firstSendMs)
  const finishedAtMs = cell('finished_at_ms')
  if (finishedAtMs !== null) entry.finishedAtMs = Number(finishedAtMs)
  const buriedState = cell('buried_state')
  if (buriedState !== null) entry.buriedState = states[Number(buriedState)] as 'succeeded' | 'failed'
  const settledDigest = cell('settled_digest')
  if (settledDigest !== null) entry.settledDigest = settledDigest
}

function addDocuments(entry: Mutable<Entry>, cell: (name: Column) => Cell): void {
  const value = cell('value')
  if (value !== null) entry.value = bytesOf(value)
  const error = cell('error')
  if (error !== null) entry.error = JSON.parse(error) as EntryError
  const steps = cell('steps')
  if (steps !== null) entry.steps = JSON.parse(steps) as StepsDocument
  const why = cell('doubt_why')
  if (why !== null) entry.doubt = { sinceMs: Number(cell('doubt_since_ms')), why: JSON.parse(why) as string }
  const resolution = cell('resolution')
  if (resolution !== null) {
    const { by, because } = JSON.parse(resolution) as { by: string; because: string }
    entry.resolution = { by, because, atMs: Number(cell('resolved_at_ms')) }
  }
}

/** The fields of a composite value in PostgreSQL's text form: nothing is NULL, quotes and backslashes are doubled. */
export function parseRow(text: string): Row {
  const cells: Cell[] = []
  const end = text.length - 1
  for (let from = 1; from <= end; ) {
    if (text.charCodeAt(from) === quote) {
      const close = closingQuote(text, from + 1)
      const inner = text.slice(from + 1, close)
      cells.push(doubled.test(inner) ? inner.replace(allDoubled, '$1') : inner)
      from = close + 2
    } else {
      const comma = text.indexOf(',', from)
      const stop = comma === -1 ? end : comma
      cells.push(stop === from ? null : text.slice(from, stop))
      from = stop + 1
    }
  }
  return cells
}

const quote = 0x22
const doubled = /""|\\\\/
const allDoubled = /(["\\])\1/g

function closingQuote(text: string, from: number): number {
  let close = text.indexOf('"', from)
  while (text.charCodeAt(close + 1) === quote) close = text.indexOf('"', close + 2)
  return close
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
