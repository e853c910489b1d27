import { sqlitePathOf, storeKindOf } from '../../stores/open.ts'
import { loadSqlite } from '../../stores/sqlite/driver.ts'
import { onPostgres } from '../../testing/postgres-query.ts'

interface Traces {
  readonly scope: string
  readonly rowsTable: string
}

/**
 * Removes what a drill has left on the user's store. The ledger itself deletes nothing that is open; this is safe only
 * because nobody else has ever used the scope, and everybody who did is gone.
 */
export async function removeScope(storeUrl: string, { scope, rowsTable }: Traces): Promise<void> {
  const ofScope = (mark: string): string => `SELECT ref FROM onceward_entries WHERE scope = ${mark}`
  const lateOutcomes = (mark: string): string =>
    `DELETE FROM onceward_records WHERE stream = 'late-outcomes' AND substr(id, 1, 24) IN (${ofScope(mark)})`
  const entries = (mark: string): string => `DELETE FROM onceward_entries WHERE scope = ${mark}`
  const table = `DROP TABLE IF EXISTS ${rowsTable}`
  if (storeKindOf(storeUrl) === 'sqlite') {
    const { DatabaseSync: Sqlite } = loadSqlite()
    const db = new Sqlite(sqlitePathOf(storeUrl), { timeout: 5_000 })
    db.prepare(lateOutcomes('?')).run(scope)
    db.prepare(entries('?')).run(scope)
    db.exec(table)
    db.close()
    return
  }
  await onPostgres(storeUrl, async (client) => {
    await client.query(lateOutcomes('$1'), [scope])
    await client.query(entries('$1'), [scope])
    await client.query(table)
  })
}
