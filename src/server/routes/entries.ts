import { timestamp } from '../../kernel/time.ts'
import { type Entry, entryStates, type EntryState, openStates } from '../../ledger/entry.ts'
import { receiptOfEntry, withKeptValue } from '../../ledger/outcome.ts'
import type { EntriesQuery } from '../../ledger/onceward.ts'
import type { Receipt } from '../../ledger/receipt.ts'
import { as, type Call, type Route } from '../route.ts'
import { cursorQuery, limitQuery, page, ref, refParam, scopeQuery, text, time } from '../schema/parts.ts'
import { historyOf } from './history.ts'

const states = entryStates.join('|')

export const pageQuery: NonNullable<Route['query']> = {
  scope: scopeQuery,
  operation: text(100),
  key: text(600, 'The key; parts as a JSON array. With `operation`.'),
  subject: text(255),
  from: { ...time, description: 'First claimed at or after.' },
  to: { ...time, description: 'First claimed before.' },
  limit: limitQuery,
  cursor: cursorQuery,
}

export const listEntries: Route = {
  method: 'GET',
  path: '/v1/entries',
  id: 'listEntries',
  summary:
    'One page of entries, newest first. By operation alone, or by other states than failed and the open ones, a page looks at 5,000 entries: it may hold few or none and still have a next one.',
  role: 'viewer',
  query: {
    ...pageQuery,
    state: {
      type: 'string',
      pattern: `^(${states})(,(${states}))*$`,
      description: 'One or several, with commas between.',
    },
    values: {
      type: 'boolean',
      description: 'With the kept results; pages of at most 100 then. Default false.',
    },
  },
  responses: { 200: { description: 'Receipts.', schema: page('entries', ref('Receipt')) } },
  handle: async ({ services, scope, query }) => {
    const {
      state,
      values = false,
      limit = 100,
    } = as<{ state?: string; values?: boolean; limit?: number }>(query)
    const found = await services.ledgers.of(scope).entries({
      ...entriesQueryOf(query),
      limit: values ? Math.min(limit, 100) : limit,
      ...(state === undefined ? {} : { state: state.split(',') as EntryState[] }),
      ...(isIndexed(query) ? {} : { scan: lookedAt }),
    })
    const entries = values ? found.entries : found.entries.map(withoutValue)
    return { body: { ...found, entries } }
  },
}

/** Entries that one page looks at where no index leads to what is asked for. */
const lookedAt = 5000

function isIndexed({ operation, key, subject, state }: Call['query']): boolean {
  if (subject !== undefined || (operation !== undefined && key !== undefined)) return true
  if (operation !== undefined) return false
  const asked = typeof state === 'string' ? state.split(',') : []
  return (
    asked.every((each) => each === 'failed') ||
    asked.every((each) => (openStates as readonly string[]).includes(each))
  )
}

/** What lists of entries and of doubts can be asked for. */
export function entriesQueryOf(query: Call['query']): EntriesQuery {
  const { scope: _scope, state: _state, values: _values, key, ...rest } = as<Record<string, string>>(query)
  return { ...rest, ...(key === undefined ? {} : { key: keyOf(key) }) }
}

/** A key as a query has it: text, or a JSON array of its parts. */
export function keyOf(given: string): string | readonly string[] {
  if (!given.startsWith('[')) return given
  try {
    const parts = JSON.parse(given) as unknown
    if (Array.isArray(parts) && parts.every((part) => ['string', 'number', 'boolean'].includes(typeof part)))
      return parts as readonly string[]
  } catch {
    // Then it is a text that begins with a bracket.
  }
  return given
}

function withoutValue<T>(receipt: Receipt<T>): Receipt<T> {
  const { value: _value, ...rest } = receipt
  return rest
}

export const showEntry: Route = {
  method: 'GET',
  path: '/v1/entries/{ref}',
  id: 'showEntry',
  summary: 'One entry with its attempts, steps, fence and history.',
  role: 'viewer',
  params: { ref: refParam },
  responses: { 200: { description: 'The entry.', schema: ref('Entry') } },
  handle: async ({ services, params, principal }) => {
    const entry = await services.entryOf(principal, params['ref'] ?? '')
    const history = await historyOf(services, entry)
    return { body: { ...shownOf(entry), history } }
  },
}

const at = (name: string, ms: number | undefined): Readonly<Record<string, string>> =>
  ms === undefined ? {} : { [name]: timestamp(ms) }

/** The row for people: a receipt, and all else that decides what may follow. Never the owner's token. */
function shownOf(entry: Entry): Readonly<Record<string, unknown>> {
  const receipt = withKeptValue(
    receiptOfEntry(entry, entry.state === 'succeeded' || entry.state === 'failed'),
    entry,
    { options: { seal: undefined }, parse: undefined },
  )
  const { doubt, resolution, buriedState } = entry
  return {
    ...receipt,
    safety: entry.safety,
    fingerprint: entry.fingerprint,
    round: entry.round,
    rev: entry.rev,
    leaseMs: entry.leaseMs,
    leaseUntil: timestamp(entry.leaseUntilMs),
    retainMs: entry.retainMs,
    ...at('firstPossibleSendAt', entry.firstPossibleSendAtMs),
    earlierUnknown: entry.earlierUnknown,
    valueKept: entry.valueKept,
    ...(doubt === undefined ? {} : { doubt: { since: timestamp(doubt.sinceMs), why: doubt.why } }),
    ...(resolution === undefined
      ? {}
      : { resolution: { by: resolution.by, because: resolution.because, at: timestamp(resolution.atMs) } }),
    ...(buriedState === undefined ? {} : { buriedState }),
  }
}
