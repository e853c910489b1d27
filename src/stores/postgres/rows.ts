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
  'claimed_epoch',
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

/** The entry of a row that `rowText` wrote. */
export function entryOf(text: string): Entry {
  const row = parseRow(text)
  const cell = (name: Column): Cell => row[at[name]] ?? null
  const buriedState = cell('buried_state')
  return {
    ref: cell('ref') as string,
    scope: cell('scope') as string,
    operation: cell('operation') as string,
    key: cell('key') as string,
    subject: cell('subject') ?? undefined,
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
    firstPossibleSendAtMs: numberOf(cell('first_send_ms')),
    finishedAtMs: numberOf(cell('finished_at_ms')),
    earlierUnknown: cell('earlier_unknown') === 't',
    value: given(cell('value'), bytesOf),
    valueKept: cell('value_kept') === 't',
    error: given(cell('error'), (said) => JSON.parse(said) as EntryError),
    steps: given(cell('steps'), (said) => JSON.parse(said) as StepsDocument),
    settledDigest: cell('settled_digest') ?? undefined,
    doubt: given(cell('doubt_why'), (why) => ({
      sinceMs: Number(cell('doubt_since_ms')),
      why: JSON.parse(why) as string,
    })),
    resolution: given(cell('resolution'), (said) => {
      const { by, because } = JSON.parse(said) as { by: string; because: string }
      return { by, because, atMs: Number(cell('resolved_at_ms')) }
    }),
    retainMs: Number(cell('retain_ms')),
    buriedState: buriedState === null ? undefined : (states[Number(buriedState)] as 'succeeded' | 'failed'),
    claimedEpoch: numberOf(cell('claimed_epoch')),
  }
}

function given<T>(cell: Cell, parse: (text: string) => T): T | undefined {
  return cell === null ? undefined : parse(cell)
}

function numberOf(cell: Cell): number | undefined {
  return cell === null ? undefined : Number(cell)
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
