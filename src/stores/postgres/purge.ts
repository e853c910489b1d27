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
  const lineage = lineageValues(wrote)
  // First, so that nothing is buried and deleted in one go.
  const deleted =
    tombstoneMs === undefined
      ? 0
      : await count(database, deleteSql(database), [scope, limit, ...lineage, tombstoneMs])
  const buried =
    deleted >= limit ? 0 : await count(database, burySql(database), [scope, limit - deleted, ...lineage])
  if (deleted + buried === 0) await checkLineage(database, wrote)
  return { buried, deleted }
}

async function count(database: Database, text: string, values: unknown[]): Promise<number> {
  const [row] = await database.session((session) => session.once(text, values))
  return Number(row?.[0] ?? 0)
}

/** The rows of the index `onceward_entries_due` that are due, locked. */
function due(database: Database, states: string, dueMs: string): string {
  return `WITH due AS MATERIALIZED (
  SELECT e.ref FROM ${database.tables.entries} e
  WHERE e.scope = $1::text AND e.state IN (${states}) AND e.finished_at_ms + e.retain_ms <= ${dueMs}
    AND ${lineageHolds(database, '$3', '$4')}
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
)`
}

/** `purgeRow` of transitions.ts. */
function burySql(database: Database): string {
  return `${due(database, `${succeeded}, ${failed}`, serverMs)},
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
  return `${due(database, String(tombstone), `${serverMs} - $5::bigint`)},
deleted AS (
  DELETE FROM ${database.tables.entries} e USING due WHERE e.ref = due.ref
  RETURNING 1
)
SELECT count(*) FROM deleted`
}
