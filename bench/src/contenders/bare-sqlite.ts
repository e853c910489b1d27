import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { measureLoad, type Work } from '../load.ts'
import { loadRoot, sqliteStore } from '../product.ts'
import { type Contender, replayEntries, type Setting } from './contender.ts'
import { operations } from './operations.ts'
import { type ReferenceRow, sqliteReference } from './reference-row.ts'
import { ReferenceValues } from './reference-values.ts'
import { SqliteLog } from './sqlite-log.ts'

/** `node:sqlite` and nothing else: INSERT and UPDATE, each its own transaction, in the product's own table. */
export function bareSqliteContender(setting: Setting): Promise<Contender> {
  return Promise.resolve({
    measure: async (cell, window) => {
      const directory = mkdtempSync(join(setting.directory, 'bare-'))
      const path = join(directory, 'bare.db')
      const row = await sqliteReference(setting, cell.withSubject)
      await makeSchema(setting, path)
      const db = new DatabaseSync(path)
      db.exec('PRAGMA journal_mode = WAL')
      // As the product has it: a longer log gathers more changes of one page before they are written back.
      db.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000')
      const table = new Table(db, row)
      const log = new SqliteLog(path)
      const work: Work = {
        run: cell.work === 'replay' ? replays(db, table) : (n) => table.guard(n),
        pinLog: () => log.pin(),
        logBytes: () => Promise.resolve(log.bytes()),
      }
      try {
        return await measureLoad(work, 1, window)
      } finally {
        log.close()
        db.close()
        rmSync(directory, { recursive: true, force: true })
      }
    },
    close: () => Promise.resolve(),
  })
}

async function makeSchema(setting: Setting, path: string): Promise<void> {
  const { createOnceward } = await loadRoot(setting.form)
  const once = createOnceward({ store: await sqliteStore(setting.form, path), scope: 'bench', operations })
  await once.open()
  await once.close()
}

function replays(db: DatabaseSync, table: Table): Work['run'] {
  db.exec('BEGIN')
  const refs = Array.from({ length: replayEntries }, (_, n) => table.guard(n) ?? table.lastRef)
  db.exec('COMMIT')
  return (n) => table.select(refs[n % replayEntries] as string)
}

class Table {
  readonly #values: ReferenceValues
  readonly #insert: StatementSync
  readonly #update: StatementSync
  readonly #select: StatementSync
  lastRef = ''

  constructor(db: DatabaseSync, row: ReferenceRow) {
    const { columns, inserted, changed } = row
    this.#values = new ReferenceValues(row)
    const marks = inserted.map(() => '?').join(', ')
    this.#insert = db.prepare(
      `INSERT INTO onceward_entries (${inserted.join(', ')}) VALUES (${marks}) ON CONFLICT (ref) DO NOTHING`,
    )
    const sets = changed.map((name) => `${name} = ?`).join(', ')
    this.#update = db.prepare(
      `UPDATE onceward_entries SET ${sets} WHERE ref = ? AND owner = ? AND attempt = ?`,
    )
    this.#select = db.prepare(`SELECT ${columns.join(', ')} FROM onceward_entries WHERE ref = ?`)
  }

  guard(n: number): undefined {
    const { ref, inserted, updated } = this.#values.operation(n)
    const insert = this.#insert.run(...(inserted as SQLInputValue[]))
    if (insert.changes !== 1) throw new Error('the reference met a row of its own')
    const update = this.#update.run(...(updated as SQLInputValue[]))
    if (update.changes !== 1) throw new Error('the reference lost a row of its own')
    this.lastRef = ref
    return undefined
  }

  select(ref: string): undefined {
    if (this.#select.get(ref) === undefined) throw new Error('the reference lost a row of its own')
    return undefined
  }
}
