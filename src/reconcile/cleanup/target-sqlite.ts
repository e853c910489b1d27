import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { durabilityPragmas, loadSqlite } from '../../stores/sqlite/driver.ts'
import type { SqlitePlace } from '../compare/sqlite-table.ts'
import { identifier } from '../sources/sql.ts'
import type { Target, TargetRow } from './target.ts'

const busyTimeoutMs = 10_000

/** A table of a SQLite file, to be changed. */
export function sqliteTarget({ path, table }: SqlitePlace): Target {
  const { DatabaseSync: Sqlite } = loadSqlite()
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw new OncewardError('SOURCE_INVALID', `SQLite: ${messageOf(error)}`, { cause: error })
    }
  }
  const db = guarded(() => new Sqlite(path, { timeout: busyTimeoutMs }))
  db.exec(durabilityPragmas)
  const info = db.prepare('SELECT name, pk FROM pragma_table_info(?)').all(table)
  const run = async (statement: string): Promise<void> => guarded(() => db.exec(statement))
  return {
    dialect: 'sqlite',
    name: `sqlite:${path}?table=${table}`,
    table: identifier(table),
    bareTable: table,
    columns: info.map((row) => String(row['name'])),
    primaryKey: info
      .filter((row) => Number(row['pk']) > 0)
      .toSorted((a, b) => Number(a['pk']) - Number(b['pk']))
      .map((row) => String(row['name'])),
    query: async (text, values = []) =>
      guarded(() => db.prepare(text).all(...values) as unknown as TargetRow[]),
    change: async (text, values = []) => guarded(() => Number(db.prepare(text).run(...values).changes)),
    transaction: async (work) => {
      await run('BEGIN IMMEDIATE')
      try {
        const result = await work()
        await run('COMMIT')
        return result
      } catch (error) {
        if (db.isTransaction) await run('ROLLBACK')
        throw error
      }
    },
    close: () => Promise.resolve(db.close()),
  }
}
