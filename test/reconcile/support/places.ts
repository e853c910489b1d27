import { mkdtempSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { TestDatabase } from '../../support/postgres.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** Rows that can lie anywhere. Every value is text, or null. */
export interface Rows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

export type PlaceKind = 'csv' | 'jsonl' | 'parquet' | 'sqlite' | 'postgres'

/** Puts rows where a source finds them, and gives its name. */
export async function put(
  kind: PlaceKind,
  rows: Rows,
  { database, folder = temporaryDirectory() }: { database?: TestDatabase; folder?: string } = {},
): Promise<string> {
  const directory = mkdtempSync(join(folder, 'rows-'))
  if (kind === 'csv') return written(join(directory, 'rows.csv'), csvText(rows))
  if (kind === 'jsonl') return written(join(directory, 'rows.jsonl'), jsonText(rows))
  if (kind === 'sqlite') return sqliteRows(join(directory, 'rows.db'), rows)
  if (kind === 'parquet') return parquetRows(directory, rows)
  if (database === undefined) throw new Error('a database is needed')
  return postgresRows(database, rows)
}

function written(path: string, text: string): string {
  writeFileSync(path, text)
  return path
}

export function csvText({ columns, rows }: Rows): string {
  const cell = (value: string | null): string =>
    value === null ? '' : /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('')
}

function jsonText({ columns, rows }: Rows): string {
  return rows
    .map((row) => `${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, row[at]])))}\n`)
    .join('')
}

function sqliteRows(path: string, { columns, rows }: Rows): string {
  const db = new DatabaseSync(path)
  db.exec(
    `CREATE TABLE effects (id INTEGER PRIMARY KEY, ${columns.map((name) => `"${name}" TEXT`).join(', ')})`,
  )
  const insert = db.prepare(
    `INSERT INTO effects (${columns.map((name) => `"${name}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  db.exec('BEGIN')
  for (const row of rows) insert.run(...row)
  db.exec('COMMIT')
  db.close()
  return `sqlite:${path}?table=effects`
}

async function parquetRows(directory: string, rows: Rows): Promise<string> {
  const [csv, path] = [join(directory, 'rows.csv'), join(directory, 'rows.parquet')]
  writeFileSync(csv, csvText(rows))
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(
    `COPY (SELECT * FROM read_csv('${csv}', all_varchar = true, header = true)) TO '${path}' (FORMAT parquet)`,
  )
  connection.closeSync()
  instance.closeSync()
  return path
}

let tables = 0

async function postgresRows(database: TestDatabase, { columns, rows }: Rows): Promise<string> {
  const table = `effects_${++tables}`
  await database.query(
    `CREATE TABLE ${table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ${columns.map((name) => `"${name}" text`).join(', ')})`,
  )
  const names = columns.map((name) => `"${name}"`).join(', ')
  await database.query(
    `INSERT INTO ${table} (${names}) SELECT ${columns.map((_, at) => `r->>${at}`).join(', ')} FROM json_array_elements($1::json) WITH ORDINALITY AS t(r, n) ORDER BY n`,
    [JSON.stringify(rows)],
  )
  const url = new URL(database.url)
  url.searchParams.set('table', table)
  return url.href
}
