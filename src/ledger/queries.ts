import { count, label, members, oneOf } from '../kernel/check.ts'
import { OncewardError, optionInvalid } from '../kernel/errors.ts'
import { parseTimestamp, timestamp } from '../kernel/time.ts'
import type { Ledger } from './context.ts'
import { parseIdentity } from './door.ts'
import { type Entry, type EntryState, entryStates } from './entry.ts'
import type { IntentIdentity } from './intent.ts'
import type { Decision, EntriesQuery } from './onceward.ts'
import { receiptOfEntry, withKeptValue } from './outcome.ts'
import type { DoubtReceipt, Receipt } from './receipt.ts'
import { resolveEntry } from './resolve.ts'
import { keepResult } from './results.ts'
import type { ListQuery } from './store.ts'
import { encodeKey } from './key.ts'

/** The entry of an intent or a ref of this scope. */
export async function lookup(ledger: Ledger, target: IntentIdentity | string): Promise<Receipt | undefined> {
  const entry = await find(ledger, target)
  return entry === undefined ? undefined : shown(ledger, entry)
}

async function find(ledger: Ledger, target: IntentIdentity | string): Promise<Entry | undefined> {
  const ref =
    typeof target === 'string'
      ? checkedRef(target)
      : parseIdentity(ledger.options, members(target, 'target')).ref
  await ledger.open()
  const { result } = await ledger.lanes.read.ask(ref, ledger.options.storeTimeoutMs)
  return result?.scope === ledger.options.scope ? result : undefined
}

function checkedRef(ref: string): string {
  if (!/^[0-9a-z]{24}$/.test(ref)) throw optionInvalid('ref', 'the 24 characters of a receipt’s ref', ref)
  return ref
}

function shown(ledger: Ledger, entry: Entry): Receipt {
  const parse = ledger.options.operations.get(entry.operation)?.parse
  const hasEnded = entry.state === 'succeeded' || entry.state === 'failed'
  return withKeptValue(receiptOfEntry(entry, hasEnded), entry, {
    options: ledger.options,
    parse,
  })
}

function parseQuery(ledger: Ledger, query: EntriesQuery): ListQuery {
  const { operation, key, subject, state, from, to, cursor, scan } = members(query, 'query')
  if (key !== undefined && operation === undefined)
    throw optionInvalid('operation', 'given with key', operation)
  return {
    scope: ledger.options.scope,
    limit: count(query.limit ?? 100, 'limit', { min: 1, max: 500 }),
    operation: given(operation, (text) => label(text, 'operation', 100)),
    key: given(key, encodeKey),
    subject: given(subject, (text) => label(text, 'subject', 255)),
    states: given(state, (one) => [one].flat().map((name) => oneOf<EntryState>(name, entryStates, 'state'))),
    fromMs: given(from, (time) => instant(time, 'from')),
    toMs: given(to, (time) => instant(time, 'to')),
    cursor,
    scan: given(scan, (much) => count(much, 'scan', { min: 1, max: 1_000_000 })),
  }
}

function given<T, R>(value: T | undefined, parse: (value: T) => R): R | undefined {
  return value === undefined ? undefined : parse(value)
}

function instant(value: Date | string, name: string): number {
  const ms =
    typeof value === 'string' ? parseTimestamp(value) : value instanceof Date ? value.getTime() : undefined
  if (ms === undefined || Number.isNaN(ms)) throw optionInvalid(name, 'an RFC 3339 time or a Date', value)
  return ms
}

export async function entries(
  ledger: Ledger,
  query: EntriesQuery = {},
): Promise<{ entries: readonly Receipt[]; next?: string }> {
  const parsed = parseQuery(ledger, query)
  await ledger.open()
  const page = await ledger.inTime('list', ledger.options.store.list(parsed))
  return {
    entries: page.entries.map((entry) => shown(ledger, entry)),
    ...(page.next === undefined ? {} : { next: page.next }),
  }
}

export async function listDoubts(
  ledger: Ledger,
  query: Omit<EntriesQuery, 'state'> = {},
): Promise<{ doubts: readonly DoubtReceipt[]; next?: string }> {
  const parsed = parseQuery(ledger, { ...query, state: 'in_doubt' })
  await ledger.open()
  const page = await ledger.inTime('list', ledger.options.store.list(parsed))
  const doubts = page.entries.map((entry) => ({
    ...receiptOfEntry(entry, false),
    since: timestamp(entry.doubt?.sinceMs ?? entry.claimedAtMs),
    why: entry.doubt?.why ?? '',
  }))
  return { doubts, ...(page.next === undefined ? {} : { next: page.next }) }
}

/** A person's decision, with name and reason, ends a doubt. */
export async function resolveDoubt(
  ledger: Ledger,
  target: string | IntentIdentity,
  decision: Decision,
): Promise<Receipt> {
  if (typeof decision !== 'object' || decision === null)
    throw optionInvalid('decision', 'an object', decision)
  if (typeof decision.happened !== 'boolean')
    throw optionInvalid('decision.happened', 'true or false', (decision as { happened: unknown }).happened)
  const by = label(decision.by, 'decision.by', 200)
  const because = label(decision.because, 'decision.because', 2000)
  const entry = await find(ledger, target)
  if (entry === undefined) {
    throw new OncewardError(
      'NOT_FOUND',
      `There is no entry ${typeof target === 'string' ? target : JSON.stringify(target.key)} in scope ${ledger.options.scope}.`,
    )
  }
  if (entry.state !== 'in_doubt') throw notInDoubt(entry)
  const resolution = { by, because }
  const decided = await resolveEntry(
    ledger,
    entry,
    decision.happened
      ? { ...happened(ledger, entry, decision.value), resolution }
      : { ...notHappened(entry), resolution },
  )
  if (decided === undefined) {
    throw new OncewardError('CONFLICT', `Entry ${entry.ref} changed meanwhile; look again.`, {
      details: { ref: entry.ref },
    })
  }
  return shown(ledger, decided)
}

function happened(
  ledger: Ledger,
  entry: Entry,
  value: unknown,
): { to: 'succeeded'; valueKept: boolean; value: Uint8Array | undefined } {
  const kept = keepResult(ledger.options, value, { operation: entry.operation, ref: entry.ref, usedBytes: 0 })
  if (!kept.kept) throw optionInvalid('decision.value', 'JSON that can be kept', kept.why)
  return { to: 'succeeded', valueKept: true, value: kept.content }
}

/** What did not happen may be done: the entry is free, and steps without an outcome are forgotten. */
function notHappened(entry: Entry): {
  to: 'released'
  valueKept: true
  steps?: NonNullable<Entry['steps']>
} {
  if (entry.steps === undefined) return { to: 'released', valueKept: true }
  const steps = entry.steps.steps.filter((step) => step.state !== 'started')
  return { to: 'released', valueKept: true, steps: { ...entry.steps, steps } }
}

function notInDoubt(entry: Entry): OncewardError {
  return new OncewardError('CONFLICT', `Entry ${entry.ref} is ${entry.state}, not in doubt.`, {
    details: { ref: entry.ref, state: entry.state },
  })
}
