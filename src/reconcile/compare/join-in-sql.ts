import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openDuckdb } from '../sources/duckdb-driver.ts'
import type { Cell, Row, Source, SourceOptions, SqlSide } from '../sources/source.ts'
import { identifier, literal } from '../sources/sql.ts'
import { countQuery, othersQuery, type Relation } from './join-queries.ts'
import type { Among, Joined, KeyRows, SideCount } from './joined.ts'
import { cellColumns, type Opened, type ReconcilePlan, type SidePlan } from './plan.ts'

type Query = SqlSide['query']

/** Both tables lie in one database: it joins them, and only the rows of keys that are no equal pair come here. */
export async function joinInPostgres(opened: Opened, plan: ReconcilePlan, among?: Among): Promise<Joined> {
  const [left, right] = [sqlOf(opened.left), sqlOf(opened.right)]
  const relations = { left, right }
  const { others, rows } = othersQuery(relations, plan, among)
  const text = `WITH others AS (\n${others}\n)\n${rows('others')}`
  return {
    engine: 'postgres',
    left: await countOf(left.query, left, { plan: plan.left, sinceMs: among?.leftSinceMs }),
    right: await countOf(left.query, right, { plan: plan.right, sinceMs: among?.rightSinceMs }),
    others: () => keyRows(left.query(text), plan),
    close: () => Promise.resolve(),
  }
}

/** A DuckDB of its own reads both sides: files where they lie, what is no file by way of a copy of what is needed. */
export async function joinInDuckdb(
  opened: Opened,
  plan: ReconcilePlan,
  { options, among }: { readonly options: SourceOptions; readonly among?: Among },
): Promise<Joined> {
  const directory = await mkdtemp(join(tmpdir(), 'onceward-reconcile-'))
  const { threads, signal, memory = '2GB' } = options
  const db = await openDuckdb({
    directory,
    memory,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
  })
  const close = async (): Promise<void> => {
    db.close()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const relations = {
      left: await viewOf(opened.left, plan.left, { db, name: 'left_rows', directory }),
      right: await viewOf(opened.right, plan.right, { db, name: 'right_rows', directory }),
    }
    const { others, rows } = othersQuery(relations, plan, among)
    await db.run(`CREATE TEMP TABLE others AS ${others}`)
    return {
      engine: 'duckdb',
      // On its own connection each source says which of its rows could not be read.
      left: await countIn(opened.left, relations.left, {
        plan: plan.left,
        query: db.query,
        sinceMs: among?.leftSinceMs,
      }),
      right: await countIn(opened.right, relations.right, {
        plan: plan.right,
        query: db.query,
        sinceMs: among?.rightSinceMs,
      }),
      others: () => keyRows(db.query(rows('others')), plan),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function sqlOf({ sql, name }: Source): Relation & { readonly query: Query } {
  if (sql === undefined) throw new Error(`${name} has no SQL side`)
  return { dialect: sql.dialect, from: sql.from, text: sql.text, query: sql.query }
}

interface Counting {
  readonly plan: SidePlan
  /** Only rows from here on. */
  readonly sinceMs: number | undefined
}

function countIn(
  { sql }: Source,
  copied: Relation,
  { query, ...counting }: Counting & { readonly query: Query },
): Promise<SideCount> {
  if (sql?.dialect !== 'duckdb') return countOf(query, copied, counting)
  return countOf(sql.query, { ...copied, from: sql.from }, counting)
}

async function countOf(query: Query, relation: Relation, { plan, sinceMs }: Counting): Promise<SideCount> {
  let row: Row = []
  for await (const rows of query(countQuery(relation, plan, sinceMs))) row = rows[0] ?? row
  const [rows, withoutKey, latestMs] = row
  return {
    rows: Number(rows ?? 0),
    withoutKey: Number(withoutKey ?? 0),
    latestMs: typeof latestMs === 'string' ? Math.round(Number(latestMs)) : undefined,
  }
}

interface View {
  readonly db: Awaited<ReturnType<typeof openDuckdb>>
  readonly name: string
  readonly directory: string
}

async function viewOf(source: Source, plan: SidePlan, { db, name, directory }: View): Promise<Relation> {
  const definition = source.sql?.definition ?? (await copyOf(source, plan, join(directory, `${name}.csv`)))
  await db.run(`CREATE TEMP VIEW ${name} AS ${definition}`)
  return { dialect: 'duckdb', from: name, text: (column) => `CAST(${identifier(column)} AS VARCHAR)` }
}

/** Only what is needed of it, as CSV. */
async function copyOf(source: Source, plan: SidePlan, path: string): Promise<string> {
  const columns = [...new Set([...plan.key, ...cellColumns(plan)])]
  await pipeline(Readable.from(lines(source, columns)), createWriteStream(path, { mode: 0o600 }))
  const types = columns.map((column) => `${literal(column)}: 'VARCHAR'`).join(', ')
  return `SELECT * FROM read_csv([${literal(path)}], auto_detect = false, header = false, delim = ',', quote = '"', escape = '"',
    columns = {${types}}, max_line_size = 16777216)`
}

async function* lines(source: Source, columns: readonly string[]): AsyncGenerator<string, void, undefined> {
  for await (const { rows } of source.scan(columns))
    yield rows.map((row) => `${row.map(quoted).join(',')}\n`).join('')
}

function quoted(cell: Cell): string {
  return cell === null ? '' : `"${cell.replaceAll('"', '""')}"`
}

/** The rows come in the order of their keys, so a key is whole when the next one begins. */
async function* keyRows(
  batches: AsyncIterable<readonly Row[]>,
  plan: ReconcilePlan,
): AsyncGenerator<KeyRows, void, undefined> {
  const parts = plan.left.key.length
  const widths = [cellColumns(plan.left).length, cellColumns(plan.right).length] as const
  let current: { key: readonly string[]; left: Row[]; right: Row[] } | undefined
  for await (const rows of batches) {
    for (const [side, ...cells] of rows) {
      const key = cells.slice(0, parts) as string[]
      if (current === undefined || key.some((part, at) => part !== current?.key[at])) {
        if (current !== undefined) yield current
        current = { key, left: [], right: [] }
      }
      const isLeft = side === '0'
      current[isLeft ? 'left' : 'right'].push(cells.slice(parts, parts + widths[isLeft ? 0 : 1]))
    }
  }
  if (current !== undefined) yield current
}
