import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { duckdb } from './duckdb.ts'

/** The same rows in each form that a contender reads. */
export interface Data {
  readonly rows: number
  readonly parquet: string
  readonly csv: string
  readonly sqlite: string
}

/** `share` of the rows repeat one that came a moment before, under an id of their own, two seconds later. */
export async function makeData(home: string, rows: number, share: number): Promise<Data> {
  const every = Math.round(1 / share)
  const data = {
    rows,
    parquet: `${home}/effects.parquet`,
    csv: `${home}/effects.csv`,
    sqlite: `${home}/effects.db`,
  }
  const isAgain = `i % ${every} = ${every - 1}`
  const source = `CASE WHEN ${isAgain} THEN i - 7 ELSE i END`
  const db = await duckdb(home)
  await db.run(`COPY (SELECT 'ORD-' || (100000000 + ${source}) AS order_ref, 'ch_' || i AS charge_id,
    make_timestamp(1767225600000000 + (${source}) * 2500 + CASE WHEN ${isAgain} THEN 2000000 ELSE 0 END)::TIMESTAMPTZ AS created_at,
    ((${source}) * 37 % 100000 / 100)::DECIMAL(10, 2) AS amount, 'w' || ((${source}) % 4) AS worker
    FROM range(${rows}) numbers(i)) TO '${data.parquet}'`)
  await db.run(`COPY (SELECT * FROM '${data.parquet}') TO '${data.csv}' (HEADER)`)
  db.close()
  await fillSqlite(data)
  return data
}

async function fillSqlite({ csv, sqlite }: Data): Promise<void> {
  const db = new DatabaseSync(sqlite)
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN')
  db.exec('CREATE TABLE effects (order_ref TEXT, charge_id TEXT, created_at TEXT, amount REAL, worker TEXT)')
  const insert = db.prepare('INSERT INTO effects VALUES (?, ?, ?, ?, ?)')
  let isHeader = true
  for await (const line of createInterface({ input: createReadStream(csv) })) {
    const [ref = '', id = '', at = '', amount = '', worker = ''] = line.split(',')
    if (!isHeader) insert.run(ref, id, at, Number(amount), worker)
    isHeader = false
  }
  db.exec('COMMIT')
  db.close()
}
