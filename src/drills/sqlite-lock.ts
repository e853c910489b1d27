import { sqlitePathOf } from '../stores/open.ts'
import { loadSqlite } from '../stores/sqlite/driver.ts'

/** Takes the writer's lock of a SQLite file, as a process does that stands still in the middle of a write. */
export function lockSqlite(storeUrl: string): { release(this: void): void } {
  const { DatabaseSync: Sqlite } = loadSqlite()
  const db = new Sqlite(sqlitePathOf(storeUrl), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  return {
    release: () => {
      if (!db.isOpen) return
      db.exec('ROLLBACK')
      db.close()
    },
  }
}
