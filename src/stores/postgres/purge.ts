import type { PurgeRequest, PurgeResult } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import { checkLineage, lineageHolds, lineageValues } from './lineage.ts'
import { stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'

const { succeeded, failed, tombstone } = stateCodes

/** Buries what has ended and is past its retention, deletes old tombstones. What others have locked is left to them. */
export async function purgeEntries(database: Database, request: PurgeRequest): Promise<PurgeResult> {
  const wrote = database.writes
  const { scope, limit, tombstoneMs } = request
  let left = limit
  const run = async (text: string, ...more: number[]): Promise<number> => {
    if (left <= 0) return 0
    const values = [scope, left, ...lineageValues(wrote), ...more]
    const [row] = await database.session((session) => session.once(text, values))
    const changed = Number(row?.[0] ?? 0)
    left -= changed
    return changed
  }
  // First, so that nothing is buried and deleted in one go.
  const deleted = tombstoneMs === undefined ? 0 : await run(deleteSql(database), tombstoneMs)
  const buried = (await run(burySql(database, succeeded))) + (await run(burySql(database, failed)))
  if (deleted + buried === 0) await checkLineage(database, wrote)
  return { buried, deleted }
}

/**
 * Rows that are due, locked. One state at a time and in the order of the index `onceward_entries_due`: otherwise a
 * planner that supposes a third of the table to be due reads it from the start, and finds nothing.
 */
function due(database: Database, state: number, dueMs: string): string {
  const atMs = 'e.finished_at_ms + e.retain_ms'
  return `WITH due AS MATERIALIZED (
  SELECT e.ref FROM ${database.tables.entries} e
  WHERE e.scope = $1::text AND e.state = ${state} AND ${atMs} <= ${dueMs}
    AND ${lineageHolds(database, '$3', '$4')}
  ORDER BY ${atMs} LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
)`
}

/** `purgeRow` of transitions.ts. */
function burySql(database: Database, state: number): string {
  return `${due(database, state, serverMs)},
buried AS (
  UPDATE ${database.tables.entries} e SET
    state = ${tombstone}, buried_state = e.state, rev = e.rev + 1,
    value = NULL, value_kept = false, error = NULL, steps = NULL, settled_digest = NULL
  FROM due WHERE e.ref = due.ref
  RETURNING 1
)
SELECT count(*) FROM buried`
}

function deleteSql(database: Database): string {
  return `${due(database, tombstone, `${serverMs} - $5::bigint`)},
deleted AS (
  DELETE FROM ${database.tables.entries} e USING due WHERE e.ref = due.ref
  RETURNING 1
)
SELECT count(*) FROM deleted`
}
