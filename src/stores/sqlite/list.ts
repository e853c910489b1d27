import type { SQLInputValue } from 'node:sqlite'
import { decodeCursor, pageOf } from '../../ledger/cursor.ts'
import { type Entry, openStates } from '../../ledger/entry.ts'
import type { ListPage, ListQuery } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import { listStatement } from './driver.ts'
import { columns, entryOf } from './rows.ts'

/** One page, newest first. */
export function listEntries(database: Database, query: ListQuery, nowMs: number): ListPage {
  const conditions: string[] = []
  const values: SQLInputValue[] = []
  const where = (condition: string, ...given: SQLInputValue[]): void => {
    conditions.push(condition)
    values.push(...given)
  }
  if (query.scope !== undefined) where('scope = ?', query.scope)
  if (query.operation !== undefined) where('operation = ?', query.operation)
  if (query.key !== undefined) where('key = ?', query.key)
  if (query.subject !== undefined) where('subject = ?', query.subject)
  if (query.states !== undefined) {
    where(`state IN (${query.states.map(() => '?').join(', ')})`, ...query.states)
    // Open entries have not finished: said so that their partial index can serve.
    if (query.states.every((state) => openStates.includes(state))) where('finished_at_ms IS NULL')
  }
  if (query.fromMs !== undefined) where('claimed_at_ms >= ?', query.fromMs)
  if (query.toMs !== undefined) where('claimed_at_ms < ?', query.toMs)
  if (query.lapsed === true) where('lease_until_ms <= ?', nowMs)
  if (query.cursor !== undefined) {
    const { claimedAtMs, ref } = decodeCursor(query.cursor)
    where('(claimed_at_ms, ref) < (?, ?)', claimedAtMs, ref)
  }
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const sql = `SELECT ${columns.join(', ')} FROM onceward_entries ${filter} ORDER BY claimed_at_ms DESC, ref DESC LIMIT ?`
  const found = listStatement(database.connection.prepare(sql)).all(...values, query.limit + 1)
  return pageOf(found.map(entryOf), query.limit, nowMs)
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
