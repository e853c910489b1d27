import type { PurgeRequest, PurgeResult } from '../../ledger/store.ts'
import { purgeRow } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import type { RowAccess } from './row-access.ts'
import { columns, entryOf } from './rows.ts'

const ended = `SELECT ${columns.join(', ')} FROM onceward_entries WHERE finished_at_ms IS NOT NULL`
/** Each by an index of its own, in the order in which they fall due. */
const dueSql = `${ended} AND buried_state IS NULL AND finished_at_ms + retain_ms <= ? AND scope = ? LIMIT ?`
const buriedSql = `${ended} AND buried_state IS NOT NULL AND finished_at_ms + retain_ms <= ? AND scope = ? LIMIT ?`

/** Buries and deletes up to `limit` rows. */
export function purge(
  database: Database,
  rows: RowAccess,
  { request, nowMs }: { request: PurgeRequest; nowMs: number },
): PurgeResult {
  const { scope, limit, tombstoneMs } = request
  const due = database.lists(dueSql).all(nowMs, scope, limit)
  const left = limit - due.length
  const old =
    tombstoneMs === undefined || left === 0
      ? []
      : database.lists(buriedSql).all(nowMs - tombstoneMs, scope, left)
  let buried = 0
  let deleted = 0
  for (const entry of [...due, ...old].map(entryOf)) {
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
