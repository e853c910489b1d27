import type { Row, SqlSide } from '../../reconcile/sources/source.ts'
import { literal } from '../../reconcile/sources/sql.ts'
import { type TimeStyle, timeStyleOf } from '../../reconcile/values/instant.ts'
import type { SourceKind } from '../model.ts'
import type { FieldMap } from './fields.ts'
import { countsRefs, type Kept, maxKeptRows, sampleNote } from './keep.ts'
import type { Shape } from './rows-of.ts'
import type { BundleRow } from './row.ts'
import { badLevelPattern, troublePattern } from './trouble.ts'

/*
 * A large file is reduced where it lies: one pass of DuckDB over the few columns that are counted, and one that fetches
 * the rows worth looking at. What comes into this process is bounded. References are counted by their 64-bit hash.
 */

export interface KeepingInSql {
  readonly kind: SourceKind
  readonly map: FieldMap
  readonly sql: SqlSide
  /** Some times as they stand in the data, for their style. */
  readonly times: readonly string[]
  /** True of rows that could not be read, as an expression. */
  readonly isBroken?: string
}

export interface KeptInSql extends Kept {
  readonly broken: number
}

const maxRepeated = 100_000

export async function keepInSql(shape: Shape, keeping: KeepingInSql): Promise<KeptInSql> {
  const { kind, map, sql, times, isBroken = 'false' } = keeping
  const ref = countsRefs(kind) && map.ref !== undefined ? `hash(nullif(${sql.text(map.ref)}, ''))` : undefined
  // Without these DuckDB does not say how far it is; it is not to draw a bar of its own.
  await sql.run('SET enable_progress_bar = true')
  await sql.run('SET enable_progress_bar_print = false')
  const isBad = badSql(sql, map)
  const hash = ref === undefined ? 'NULL' : `CASE WHEN ${filled(sql, map.ref)} THEN ${ref} END`
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE narrow AS SELECT ${hash} AS ref, ${minuteSql(sql, map, times)} AS minute, ${isBad} AS bad, ${isBroken} AS broken FROM ${sql.from}`,
  )
  const [total = []] = await all(
    sql,
    'SELECT CAST(count(*) FILTER (NOT broken) AS VARCHAR), CAST(count(*) FILTER (bad) AS VARCHAR), CAST(count(*) FILTER (broken) AS VARCHAR) FROM narrow',
  )
  const [count = 0, badCount = 0, broken = 0] = total.map(Number)
  const minutes = new Map<number, number>()
  const counted =
    'SELECT CAST(minute AS VARCHAR), CAST(count(*) AS VARCHAR) FROM narrow WHERE minute IS NOT NULL GROUP BY minute ORDER BY minute'
  for (const [minute, rows] of await all(sql, counted)) minutes.set(Number(minute), Number(rows))
  const { refs, repeatedRefs, extraRows, share } = await countRefs(sql)
  const step = stepOf(count)
  const badStep = stepOf(badCount)
  const rows = await fetched(shape, { map, sql, step, badStep, share, ref, isBroken })
  const notes = count > maxKeptRows ? [sampleNote(step, badStep)] : []
  if (share > 1) notes.push(`of its repeated references one in ${share} was looked at; counts are of all`)
  return { rows, totals: { rows: count, refs, repeatedRefs, extraRows, minutes }, notes, broken }
}

/** Leaves the hashes of the repeated references in the table `repeated`; of very many, one in `share`. */
async function countRefs(
  sql: SqlSide,
): Promise<{ refs: number; repeatedRefs: number; extraRows: number; share: number }> {
  await sql.run(
    'CREATE OR REPLACE TEMP TABLE repeated AS SELECT ref, count(*) AS times FROM narrow WHERE ref IS NOT NULL GROUP BY ref HAVING count(*) > 1',
  )
  const [sums = []] = await all(
    sql,
    'SELECT CAST((SELECT count(ref) FROM narrow) AS VARCHAR), CAST(count(*) AS VARCHAR), CAST(coalesce(sum(times - 1), 0) AS VARCHAR) FROM repeated',
  )
  await sql.run('DROP TABLE narrow')
  const [filledRows = 0, repeatedRefs = 0, extraRows = 0] = sums.map(Number)
  const share = Math.max(1, Math.ceil(repeatedRefs / maxRepeated))
  if (share > 1) await sql.run(`DELETE FROM repeated WHERE ref % ${share} <> 0`)
  return { refs: filledRows - extraRows, repeatedRefs, extraRows, share }
}

function stepOf(count: number): number {
  return count <= maxKeptRows ? 1 : Math.ceil(count / (maxKeptRows / 2))
}

function filled(sql: SqlSide, column: string | undefined): string {
  return column === undefined ? 'false' : `nullif(${sql.text(column)}, '') IS NOT NULL`
}

function badSql(sql: SqlSide, map: FieldMap): string {
  const bad = [
    ...(map.level === undefined
      ? []
      : [`regexp_matches(${sql.text(map.level)}, ${literal(badLevelPattern)})`]),
    ...(map.message === undefined
      ? []
      : [`regexp_matches(${sql.text(map.message)}, ${literal(troublePattern)})`]),
  ]
  return bad.length === 0 ? 'false' : `coalesce(${bad.join(' OR ')}, false)`
}

interface Fetching {
  readonly map: FieldMap
  readonly sql: SqlSide
  readonly step: number
  readonly badStep: number
  readonly share: number
  readonly ref: string | undefined
  readonly isBroken: string
}

async function fetched(shape: Shape, at: Fetching): Promise<BundleRow[]> {
  const { map, sql, step, badStep, share, ref, isBroken } = at
  const select = shape.columns.map((name) => `nullif(${sql.text(name)}, '')`)
  const isRepeated = ref === undefined ? 'false' : `coalesce(${ref} IN (SELECT ref FROM repeated), false)`
  const isBad = badSql(sql, map)
  const names = [map.ref, map.at, map.message].flatMap((name) =>
    name === undefined ? [] : [`coalesce(${sql.text(name)}, '')`],
  )
  const oneIn = (every: number): string =>
    every === 1 || names.length === 0 ? 'true' : `hash(${names.join(', ')}) % ${every} = 0`
  const why = `CASE WHEN ${isRepeated} THEN 'repeated' WHEN ${isBad} THEN 'bad' ELSE 'sample' END`
  const query = `SELECT ${why} AS why, ${select.join(', ')} FROM ${sql.from}
      WHERE NOT (${isBroken}) AND ((${isRepeated}) OR (${oneIn(badStep)} AND ${isBad}) OR (${oneIn(step)})) LIMIT ${maxKeptRows * 4}`
  const rows: BundleRow[] = []
  const weights: Readonly<Record<string, number>> = { repeated: share, bad: badStep, sample: step }
  for await (const batch of sql.query(query)) {
    for (const [kept, ...cells] of batch) {
      const weight = weights[kept ?? ''] ?? 1
      const row = shape.rowOf(cells, 0)
      rows.push(weight === 1 ? row : { ...row, weight })
    }
  }
  return rows
}

async function all(sql: SqlSide, query: string): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of sql.query(query)) rows.push(...batch)
  return rows
}

/** Minutes since 1970; null for what is no time of the column's style. */
function minuteSql(sql: SqlSide, { at }: FieldMap, times: readonly string[]): string {
  if (at === undefined) return 'NULL'
  const text = sql.text(at)
  const style: TimeStyle | 'ambiguous' | undefined = timeStyleOf(times)
  if (style === 'epoch-ms') return `TRY_CAST(${text} AS BIGINT) // 60000`
  if (style === 'epoch-s') return `CAST(floor(TRY_CAST(${text} AS DOUBLE) / 60) AS BIGINT)`
  return style === 'iso' ? `epoch_ms(TRY_CAST(${text} AS TIMESTAMPTZ)) // 60000` : 'NULL'
}
