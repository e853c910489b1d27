import type { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { loadSqlite } from '../../src/stores/sqlite/driver.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** A SQLite file with a table of the caller's own beside the ledger. */
export interface SqlitePlace {
  readonly path: string
  /** Inserts a row with the connection that a transaction hands out. */
  insert(this: void, client: DatabaseSync, text: string): void
  /** What was committed, seen from another connection. */
  rows(this: void): string[]
}

export function sqlitePlace(): SqlitePlace {
  const path = join(temporaryDirectory(), 'ledger.db')
  const { DatabaseSync: Sqlite } = loadSqlite()
  const outside = new Sqlite(path)
  onTestFinished(() => outside.close())
  outside.exec('CREATE TABLE sales (text TEXT NOT NULL UNIQUE)')
  return {
    path,
    insert: (client, text) => void client.prepare('INSERT INTO sales (text) VALUES (?)').run(text),
    rows: () =>
      outside
        .prepare('SELECT text FROM sales')
        .all()
        .map((row) => String(row['text'])),
  }
}
