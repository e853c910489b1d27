import { refOf } from '../../kernel/ids.ts'
import { type CursorPosition, decodeCursor, pageTo } from '../../ledger/cursor.ts'
import type { ListPage, ListQuery } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import { entryOf, rowText, stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'

/**
 * One page of entries, newest first. The statement is made for the query and not named: the planner then sees the
 * values. An identity, a subject, or open states alone are found by an index; anything else reads the table
 * (docs/decisions: the PostgreSQL schema).
 */
export async function listEntries(database: Database, query: ListQuery): Promise<ListPage> {
  const values: unknown[] = []
  const place = (value: unknown, type: string): string => `$${values.push(value)}::${type}`
  const conditions = conditionsOf(query, place)
  const seenTo = query.scan === undefined ? undefined : await endOfLook(database, query, query.scan)
  if (seenTo !== undefined)
    conditions.push(
      `(e.claimed_at_ms, e.ref) >= (${place(seenTo.claimedAtMs, 'bigint')}, ${place(seenTo.ref, 'text')})`,
    )
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const text = `SELECT clock.now_ms, page.row FROM (SELECT ${serverMs} AS now_ms) AS clock
LEFT JOIN (
  SELECT e.claimed_at_ms, e.ref, ${rowText('e')} AS row FROM ${database.tables.entries} e ${where}
  ORDER BY e.claimed_at_ms DESC, e.ref DESC LIMIT ${place(query.limit + 1, 'bigint')}
) AS page ON true
ORDER BY page.claimed_at_ms DESC, page.ref DESC`
  const rows = await database.session((session) => session.once(text, values))
  const entries = rows.flatMap(([, row]) => (typeof row === 'string' ? [entryOf(row)] : []))
  return pageTo(entries, query.limit, { nowMs: Number(rows[0]?.[0]), seenTo })
}

/** The last of `scan` entries in the order of time, whatever they are; `undefined` where there are not so many. */
async function endOfLook(
  database: Database,
  { scope, fromMs, toMs, cursor }: ListQuery,
  scan: number,
): Promise<CursorPosition | undefined> {
  const values: unknown[] = []
  const place = (value: unknown, type: string): string => `$${values.push(value)}::${type}`
  const conditions = conditionsOf({ scope, fromMs, toMs, cursor, limit: 1 }, place)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const text = `SELECT e.claimed_at_ms, e.ref FROM ${database.tables.entries} e ${where}
ORDER BY e.claimed_at_ms DESC, e.ref DESC OFFSET ${place(scan - 1, 'bigint')} LIMIT 1`
  const [row] = await database.session((session) => session.once(text, values))
  return row === undefined ? undefined : { claimedAtMs: Number(row[0]), ref: String(row[1]) }
}

function conditionsOf(query: ListQuery, place: (value: unknown, type: string) => string): string[] {
  const { scope, operation, key, subject, states, fromMs, toMs, lapsed, cursor } = query
  const conditions: string[] = []
  if (scope !== undefined && operation !== undefined && key !== undefined) {
    conditions.push(`e.ref = ${place(refOf(scope, operation, key), 'text')}`)
  }
  if (scope !== undefined) conditions.push(`e.scope = ${place(scope, 'text')}`)
  if (operation !== undefined) conditions.push(`e.operation = ${place(operation, 'text')}`)
  if (key !== undefined) conditions.push(`e.key = ${place(key, 'text')}`)
  if (subject !== undefined) conditions.push(`e.subject = ${place(subject, 'text')}`)
  // As literals: only so does the planner see that the partial index of the open states will do.
  if (states !== undefined)
    conditions.push(
      states.length === 0 ? 'false' : `e.state IN (${states.map((state) => stateCodes[state]).join(', ')})`,
    )
  if (fromMs !== undefined) conditions.push(`e.claimed_at_ms >= ${place(wholeMs(fromMs), 'bigint')}`)
  if (toMs !== undefined) conditions.push(`e.claimed_at_ms < ${place(wholeMs(toMs), 'bigint')}`)
  if (lapsed === true) conditions.push(`e.lease_until_ms <= ${serverMs}`)
  if (cursor !== undefined) {
    const after = decodeCursor(cursor)
    conditions.push(
      `(e.claimed_at_ms, e.ref) < (${place(wholeMs(after.claimedAtMs), 'bigint')}, ${place(after.ref, 'text')})`,
    )
  }
  return conditions
}

/** Times in the table are whole, so that rounding up changes no comparison; and a bigint has an end. */
function wholeMs(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}
