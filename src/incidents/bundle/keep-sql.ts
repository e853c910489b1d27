import type { Row, SqlSide } from '../../reconcile/sources/source.ts'
import { literal } from '../../reconcile/sources/sql.ts'
import type { SourceKind } from '../model.ts'
import type { FieldMap } from './fields.ts'
import { countsRefs, type Kept, maxKeptRows, sampleNote } from './keep.ts'
import type { Shape } from './rows-of.ts'
import type { BundleRow } from './row.ts'
import { badLevelPattern, troublePattern } from './trouble.ts'

/*
 * A large file is reduced where it lies: one pass of DuckDB over the few columns that are counted, and one that fetches
 * the rows worth looking at. What comes into this process is bounded.
 */

const maxRepeated = 100_000

export async function keepInSql(
  shape: Shape,
  { kind, map, sql }: { kind: SourceKind; map: FieldMap; sql: SqlSide },
): Promise<Kept> {
  const text = (column: string | undefined): string =>
    column === undefined ? 'NULL' : `nullif(${sql.text(column)}, '')`
  const ref = countsRefs(kind) ? text(map.ref) : 'NULL'
  const isBad = badSql(sql, map)
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE narrow AS SELECT ${ref} AS ref, ${instantSql(text(map.at))} AS minute, ${isBad} AS bad FROM ${sql.from}`,
  )
  const [first = []] = await all(
    sql,
    'SELECT CAST(count(*) AS VARCHAR), CAST(count(*) FILTER (bad) AS VARCHAR) FROM narrow',
  )
  const [count = 0, badCount = 0] = first.map(Number)
  const minutes = new Map<number, number>()
  const counted =
    'SELECT CAST(minute AS VARCHAR), CAST(count(*) AS VARCHAR) FROM narrow WHERE minute IS NOT NULL GROUP BY 1 ORDER BY 1'
  for (const [minute, times] of await all(sql, counted)) minutes.set(Number(minute), Number(times))
  await sql.run(
    'CREATE OR REPLACE TEMP TABLE counted AS SELECT ref, count(*) AS times FROM narrow WHERE ref IS NOT NULL GROUP BY ref',
  )
  const [sums = []] = await all(
    sql,
    'SELECT CAST(count(*) AS VARCHAR), CAST(count(*) FILTER (times > 1) AS VARCHAR), CAST(coalesce(sum(times - 1), 0) AS VARCHAR) FROM counted',
  )
  const [refs = 0, repeatedRefs = 0, extraRows = 0] = sums.map(Number)
  const share = Math.max(1, Math.ceil(repeatedRefs / maxRepeated))
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE repeated AS SELECT ref FROM counted WHERE times > 1${share > 1 ? ` AND hash(ref) % ${share} = 0` : ''}`,
  )
  await sql.run('DROP TABLE counted')
  const step = stepOf(count)
  const badStep = stepOf(badCount)
  const rows = await fetched(shape, { map, sql, step, badStep, share, ref })
  const notes = count > maxKeptRows ? [sampleNote(step, badStep)] : []
  if (share > 1) notes.push(`of its repeated references one in ${share} was looked at; counts are of all`)
  return { rows, totals: { rows: count, refs, repeatedRefs, extraRows, minutes }, notes }
}

function stepOf(count: number): number {
  return Math.max(1, Math.ceil(count / (maxKeptRows / 2)))
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
  readonly ref: string
}

async function fetched(shape: Shape, at: Fetching): Promise<BundleRow[]> {
  const { map, sql, step, badStep, share, ref } = at
  const select = shape.columns.map((name) => `nullif(${sql.text(name)}, '')`)
  const isRepeated = ref === 'NULL' ? 'false' : `${ref} IN (SELECT ref FROM repeated)`
  const isBad = badSql(sql, map)
  const names = [map.ref, map.at, map.message].flatMap((name) =>
    name === undefined ? [] : [`coalesce(${sql.text(name)}, '')`],
  )
  const oneIn = (every: number): string =>
    every === 1 || names.length === 0 ? 'true' : `hash(${names.join(', ')}) % ${every} = 0`
  const why = `CASE WHEN ${isRepeated} THEN 'repeated' WHEN ${isBad} THEN 'bad' ELSE 'sample' END`
  const query = `SELECT * FROM (SELECT ${why} AS why, ${select.join(', ')} FROM ${sql.from}
      WHERE (${isRepeated}) OR (${oneIn(badStep)} AND ${isBad}) OR (${oneIn(step)})) LIMIT ${maxKeptRows * 4}`
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

/** Minutes since 1970 of a time in any of the styles that a column may have; null for others. */
function instantSql(text: string): string {
  return `CASE WHEN regexp_matches(${text}, '^[1-9]\\d{12}$') THEN CAST(${text} AS BIGINT) // 60000
    WHEN regexp_matches(${text}, '^[1-9]\\d{9}(\\.\\d+)?$') THEN CAST(floor(CAST(${text} AS DOUBLE) / 60) AS BIGINT)
    ELSE epoch_ms(TRY_CAST(${text} AS TIMESTAMPTZ)) // 60000 END`
}
