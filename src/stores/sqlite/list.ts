import type { SQLInputValue } from 'node:sqlite'
import { refOf } from '../../kernel/ids.ts'
import { type CursorPosition, decodeCursor, pageTo } from '../../ledger/cursor.ts'
import { type Entry, type EntryState, openStates } from '../../ledger/entry.ts'
import type { ListPage, ListQuery } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import { listStatement } from './driver.ts'
import { columns, entryOf } from './rows.ts'

/** In the order of time; made by `prepareLists`, for whoever lists often. */
const listIndexes = [
  'CREATE INDEX IF NOT EXISTS onceward_recent ON onceward_entries (scope, claimed_at_ms, ref)',
  "CREATE INDEX IF NOT EXISTS onceward_failed ON onceward_entries (scope, claimed_at_ms, ref) WHERE state = 'failed'",
]

/** Makes them. While a large table is read for that, nobody else can write. */
export function prepareLists(database: Database): void {
  for (const sql of listIndexes) database.connection.exec(sql)
}

interface Where {
  readonly conditions: string[]
  readonly values: SQLInputValue[]
}

/** One page, newest first. */
export function listEntries(database: Database, query: ListQuery, nowMs: number): ListPage {
  const { conditions, values } = whereOf(query, nowMs)
  const seenTo = query.scan === undefined ? undefined : endOfLook(database, query, query.scan)
  if (seenTo !== undefined) {
    conditions.push('(claimed_at_ms, ref) >= (?, ?)')
    values.push(seenTo.claimedAtMs, seenTo.ref)
  }
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const sql = `SELECT ${columns.join(', ')} FROM onceward_entries ${indexFor(query)} ${filter} ORDER BY claimed_at_ms DESC, ref DESC LIMIT ?`
  const found = listStatement(database.connection.prepare(sql)).all(...values, query.limit + 1)
  return pageTo(found.map(entryOf), query.limit, { nowMs, seenTo })
}

function whereOf(query: ListQuery, nowMs: number): Where {
  const conditions: string[] = []
  const values: SQLInputValue[] = []
  const where = (condition: string, ...given: SQLInputValue[]): void => {
    conditions.push(condition)
    values.push(...given)
  }
  const { scope, operation, key } = query
  if (scope !== undefined && operation !== undefined && key !== undefined)
    where('ref = ?', refOf(scope, operation, key))
  if (scope !== undefined) where('scope = ?', scope)
  if (operation !== undefined) where('operation = ?', operation)
  if (key !== undefined) where('key = ?', key)
  if (query.subject !== undefined) where('subject = ?', query.subject)
  if (query.states !== undefined) whereStates(query.states, where)
  if (query.fromMs !== undefined) where('claimed_at_ms >= ?', query.fromMs)
  if (query.toMs !== undefined) where('claimed_at_ms < ?', query.toMs)
  if (query.lapsed === true) where('lease_until_ms <= ?', nowMs)
  if (query.cursor !== undefined) {
    const { claimedAtMs, ref } = decodeCursor(query.cursor)
    where('(claimed_at_ms, ref) < (?, ?)', claimedAtMs, ref)
  }
  return { conditions, values }
}

function whereStates(
  states: readonly EntryState[],
  where: (condition: string, ...given: SQLInputValue[]) => void,
): void {
  // A literal: only so does the planner see that a partial index will do.
  if (isOnly(states, 'failed')) return where("state = 'failed'")
  where(`state IN (${states.map(() => '?').join(', ')})`, ...states)
  // Open entries have not finished: said so that their partial index can serve.
  if (areOpen(states)) where('finished_at_ms IS NULL')
}

function isOnly(states: readonly EntryState[], state: EntryState): boolean {
  return states.length === 1 && states[0] === state
}

function areOpen(states: readonly EntryState[] | undefined): boolean {
  return states?.every((state) => openStates.includes(state)) ?? false
}

/**
 * Which index is few rows away from what is asked for: the planner, which knows nothing of how many there are, would take
 * the one that gives the order, and read the whole ledger by it.
 */
function indexFor({ scope, operation, key, subject, states }: ListQuery): string {
  if (scope !== undefined && operation !== undefined && key !== undefined) return ''
  if (subject !== undefined) return 'INDEXED BY onceward_subject'
  return areOpen(states) ? 'INDEXED BY onceward_open' : ''
}

/** The last of `scan` entries in the order of time, whatever they are; `undefined` where there are not so many. */
function endOfLook(database: Database, query: ListQuery, scan: number): CursorPosition | undefined {
  const { scope, fromMs, toMs, cursor } = query
  const { conditions, values } = whereOf({ scope, fromMs, toMs, cursor, limit: 1 }, 0)
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const sql = `SELECT claimed_at_ms, ref FROM onceward_entries ${filter} ORDER BY claimed_at_ms DESC, ref DESC LIMIT 1 OFFSET ?`
  const row = database.connection.prepare(sql).get(...values, scan - 1)
  return row === undefined
    ? undefined
    : { claimedAtMs: Number(row['claimed_at_ms']), ref: String(row['ref']) }
}

const twinsSql = `SELECT ref FROM onceward_entries
  WHERE subject = ? AND fingerprint = ? AND scope = ? AND operation = ? AND state <> 'released'
    AND (claimed_at_ms, ref) < (?, ?) AND claimed_at_ms >= ?
  LIMIT 10`

/** Older entries that did the same for the same subject. */
export function twinsOf(database: Database, entry: Entry | undefined, sinceMs: number): readonly string[] {
  if (entry?.subject === undefined || entry.fingerprint === '') return []
  const { subject, fingerprint, scope, operation, claimedAtMs, ref } = entry
  const found = database
    .statement(twinsSql)
    .all(subject, fingerprint, scope, operation, claimedAtMs, ref, sinceMs)
  return found.map((row) => String(row['ref']))
}
