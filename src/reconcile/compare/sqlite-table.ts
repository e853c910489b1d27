import { existsSync } from 'node:fs'
import { messageOf, OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { loadSqlite } from '../../stores/sqlite/driver.ts'
import { declaredType } from '../sources/declared-type.ts'
import { nearest } from '../sources/nearest.ts'
import { identifier } from '../sources/sql.ts'
import { type Batch, type Cell, type Row, sampleRows, type Source } from '../sources/source.ts'

export interface SqlitePlace {
  readonly path: string
  readonly table: string
}

/** `sqlite:./shop.db?table=payments`. Throws `OPTION_INVALID`. */
export function sqlitePlace(url: string, option: string): SqlitePlace {
  const [base = '', query = ''] = url.split('?', 2)
  const table = new URLSearchParams(query).get('table')
  const path = base.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
  if (table === null || path === '' || path.startsWith('//'))
    throw optionInvalid(option, 'sqlite:./file.db?table=NAME', url)
  if (!existsSync(path))
    throw new OncewardError('OPTION_INVALID', `${option}: there is no file ${JSON.stringify(path)}.`)
  return { path, table }
}

const batchRows = 1000

/** A table of a SQLite file, read in one transaction. `where` is SQL. */
export function sqliteTable({ path, table }: SqlitePlace, where: string | undefined, option: string): Source {
  const db = opened(path)
  const name = `sqlite:${path}?table=${table}`
  try {
    db.exec('BEGIN')
    const columns = db
      .prepare('SELECT name, type FROM pragma_table_info(?)')
      .all(table)
      .map((row) => ({ name: String(row['name']), type: declaredType(String(row['type'])) }))
    if (columns.length === 0) throw noTable(db.prepare('SELECT name FROM sqlite_master').all(), table, option)
    const condition = where === undefined ? '' : ` WHERE (${where})`
    const select = (names: readonly string[]): string =>
      `SELECT ${names.map((column, at) => `nullif(CAST(${identifier(column)} AS TEXT), '') AS c${at}`).join(', ') || "''"} FROM ${identifier(table)}${condition}`
    const rowsOf = function* (names: readonly string[], limit: string): Generator<Row> {
      for (const row of db.prepare(`${select(names)}${limit}`).iterate())
        yield names.map((_, at) => row[`c${at}`] as Cell)
    }
    const names = columns.map((column) => column.name)
    const sample = [...rowsOf(names, ` LIMIT ${sampleRows}`)]
    return {
      name,
      engine: 'node',
      reading: 'a table of SQLite',
      columns,
      sample,
      notes: [],
      scan: (wanted) => batches(rowsOf(wanted, '')),
      rejections: () => Promise.resolve({ count: 0, listed: [] }),
      close: () => Promise.resolve(db.close()),
    }
  } catch (error) {
    db.close()
    if (error instanceof OncewardError) throw error
    throw new OncewardError('SOURCE_INVALID', `${name}: ${messageOf(error)}`, { cause: error })
  }
}

function opened(path: string): InstanceType<ReturnType<typeof loadSqlite>['DatabaseSync']> {
  const { DatabaseSync: Sqlite } = loadSqlite()
  try {
    return new Sqlite(path, { readOnly: true, timeout: 5000 })
  } catch (error) {
    throw new OncewardError('SOURCE_UNAVAILABLE', `${path} cannot be opened: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function noTable(rows: readonly object[], table: string, option: string): OncewardError {
  const near = nearest(
    table,
    rows.map((row) => String((row as { name?: unknown }).name)),
  )
  const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
  return new OncewardError(
    'OPTION_INVALID',
    `${option}: the database has no table ${JSON.stringify(table)}.${hint}`,
  )
}

/** In turns, so that nothing else waits for a large table. */
async function* batches(rows: Iterable<Row>): AsyncGenerator<Batch, void, undefined> {
  let [firstPosition, batch]: [number, Row[]] = [0, []]
  for (const row of rows) {
    if (batch.push(row) < batchRows) continue
    yield { rows: batch, firstPosition }
    firstPosition += batch.length
    batch = []
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (batch.length > 0) yield { rows: batch, firstPosition }
}
