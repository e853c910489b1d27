import { createReadStream, mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { duckdb } from './duckdb.ts'

/** The same rows in each form that a contender reads, and two sides to compare. */
export interface Files {
  readonly parquet: string
  readonly csv: string
  readonly sqlite: string
  readonly left: string
  readonly right: string
  /** A night's export of 46,217 rows, 1,842 of them again. */
  readonly night: string
  /** A bundle whose one source is a gigabyte of effects in JSON lines. */
  readonly incident: string
}

export function filesIn(home: string): Files {
  return {
    parquet: `${home}/effects.parquet`,
    csv: `${home}/effects.csv`,
    sqlite: `${home}/effects.db`,
    left: `${home}/left.parquet`,
    right: `${home}/right.parquet`,
    night: `${home}/night.csv`,
    incident: `${home}/incident`,
  }
}

/** Every so many rows one repeats one that came a moment before, under an id of its own, two seconds later. */
function effects(rows: number, every: number): string {
  const isAgain = `i % ${every} = ${every - 1}`
  const source = `CASE WHEN ${isAgain} THEN i - 7 ELSE i END`
  return `SELECT 'ORD-' || (100000000 + ${source}) AS order_ref, 'ch_' || i AS charge_id,
    make_timestamp(1767225600000000 + (${source}) * 2500 + CASE WHEN ${isAgain} THEN 2000000 ELSE 0 END)::TIMESTAMPTZ AS created_at,
    ((${source}) * 37 % 100000 / 100)::DECIMAL(10, 2) AS amount, 'w' || ((${source}) % 4) AS worker
    FROM range(${rows}) numbers(i)`
}

/** With `isLarge` only what DuckDB reads: the others would take minutes. */
export async function makeEffects(
  home: string,
  { rows, share, isLarge }: { readonly rows: number; readonly share: number; readonly isLarge: boolean },
): Promise<void> {
  const { parquet, csv, sqlite } = filesIn(home)
  const db = await duckdb(home)
  await db.run(`COPY (${effects(rows, Math.round(1 / share))}) TO '${parquet}'`)
  if (!isLarge) await db.run(`COPY (SELECT * FROM '${parquet}') TO '${csv}' (HEADER)`)
  db.close()
  if (!isLarge) await fillSqlite({ csv, sqlite })
}

/** One in ten thousand is missing on the right, one in ten thousand differs, and the right one is in no order. */
export async function makeSides(home: string, rows: number): Promise<void> {
  const { left, right } = filesIn(home)
  const amount = '(i * 37 % 100000 / 100)'
  const db = await duckdb(home)
  await db.run(
    `COPY (SELECT 'ORD-' || (100000000 + i) AS order_ref, ${amount}::DECIMAL(10, 2) AS amount FROM range(${rows}) numbers(i)) TO '${left}'`,
  )
  await db.run(
    `COPY (SELECT 'ORD-' || (100000000 + i) AS order_ref, (CASE WHEN i % 10000 = 7 THEN -1 ELSE ${amount} END)::DECIMAL(10, 2) AS amount
      FROM range(${rows}) numbers(i) WHERE i % 10000 <> 3 ORDER BY hash(i)) TO '${right}'`,
  )
  db.close()
}

export async function makeNight(home: string): Promise<void> {
  const db = await duckdb(home)
  await db.run(
    `COPY (SELECT * FROM (${effects(46_217, 25)}) WHERE true) TO '${filesIn(home).night}' (HEADER)`,
  )
  db.close()
}

export const incidentRows = 4_900_000

/** Each five hundredth charge is of an order again whose first answer took too long. */
export async function makeIncident(home: string): Promise<void> {
  const { incident } = filesIn(home)
  mkdirSync(incident, { recursive: true })
  writeFileSync(`${incident}/incident.yaml`, manifest)
  const isAgain = 'i % 500 = 499'
  const db = await duckdb(home)
  await db.run(
    `COPY (SELECT strftime(make_timestamp(1780452000000000 + i * 4200), '%Y-%m-%dT%H:%M:%S.%gZ') AS at,
      'ORD-' || (100000000 + CASE WHEN ${isAgain} THEN i - 7 ELSE i END) AS order_ref, 'POST /v1/charges' AS endpoint,
      CASE WHEN i % 300 = 0 THEN 503 WHEN i % 500 = 492 THEN 504 ELSE 201 END AS status,
      CASE WHEN i % 500 = 492 THEN 30000 ELSE 40 + hash(i) % 400 END AS duration_ms, 'w-' || (i % 6) AS worker,
      'key-' || i AS idempotency_key, md5(i::VARCHAR) AS charge_id FROM range(${incidentRows}) numbers(i))
      TO '${incident}/charges.jsonl' (FORMAT json)`,
  )
  db.close()
}

const manifest = `onceward: incident/v1
id: INC-BENCH
title: A gigabyte of charges
window: { from: 2026-06-03T02:00:00Z, to: 2026-06-03T08:00:00Z }
known: { clientTimeoutMs: 30000 }
sources:
  - { id: charges, kind: effects, path: charges.jsonl, format: jsonl }
`

async function fillSqlite({ csv, sqlite }: Pick<Files, 'csv' | 'sqlite'>): Promise<void> {
  const db = new DatabaseSync(sqlite)
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN')
  db.exec('DROP TABLE IF EXISTS effects')
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
