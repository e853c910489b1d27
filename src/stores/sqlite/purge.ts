import type { PurgeRequest, PurgeResult } from '../../ledger/store.ts'
import { purgeRow } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import type { RowAccess } from './row-access.ts'
import { columns, entryOf } from './rows.ts'

const endedSql = `SELECT ${columns.join(', ')} FROM onceward_entries
  WHERE scope = ? AND (
    (state IN ('succeeded', 'failed') AND finished_at_ms + retain_ms <= ?)
    OR (state = 'tombstone' AND finished_at_ms + retain_ms + ? <= ?))
  LIMIT ?`

/** Buries and deletes up to `limit` rows. */
export function purge(
  database: Database,
  rows: RowAccess,
  { request, nowMs }: { request: PurgeRequest; nowMs: number },
): PurgeResult {
  const tombstoneMs = request.tombstoneMs ?? Number.MAX_SAFE_INTEGER / 2
  const found = database.statement(endedSql).all(request.scope, nowMs, tombstoneMs, nowMs, request.limit)
  let buried = 0
  let deleted = 0
  for (const entry of found.map(entryOf)) {
    const change = purgeRow(entry, request, nowMs)
    if (change === 'delete') {
      database.statement('DELETE FROM onceward_entries WHERE ref = ?').run(entry.ref)
      deleted += 1
    } else if (change !== undefined) {
      rows.put(change.bury)
      buried += 1
    }
  }
  return { buried, deleted }
}
