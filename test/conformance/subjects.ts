import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { memoryData, memoryStore } from '../../src/stores/memory/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import type { StoreUnderTest } from '../../src/testing/index.ts'

/** The reference: handles share their rows, as several processes share a database. */
export const memoryUnderTest: StoreUnderTest = {
  name: 'memory',
  traits: ['shared', 'durable'],
  create: () => {
    const share = memoryData()
    return { connect: () => memoryStore({ share }) }
  },
}

/** A file of its own for each place; the caller's rows are in a table beside the ledger's. */
export const sqliteUnderTest: StoreUnderTest = {
  name: 'sqlite',
  traits: ['shared', 'durable', 'transactions'],
  create: () => {
    const folder = mkdtempSync(join(tmpdir(), 'onceward-contract-'))
    const path = join(folder, 'ledger.db')
    connected(path, (db) => db.exec('CREATE TABLE user_rows (text TEXT NOT NULL)'))
    return {
      connect: () => sqliteStore({ path }),
      userRows: {
        insert: (db, text) => void (db as DatabaseSync).prepare('INSERT INTO user_rows VALUES (?)').run(text),
        list: () =>
          connected(path, (db) =>
            db
              .prepare('SELECT text FROM user_rows')
              .all()
              .map((row) => String(row['text'])),
          ),
      },
      destroy: () => rmSync(folder, { recursive: true, force: true }),
    }
  },
}

/** A connection of the caller's own, as a program that shares the file with the ledger has one. */
function connected<T>(path: string, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path)
  try {
    return use(db)
  } finally {
    db.close()
  }
}
