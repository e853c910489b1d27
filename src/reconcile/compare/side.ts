import { fromOf } from '../sources/postgres.ts'
import { locate } from '../sources/locate.ts'
import { requireColumn } from '../sources/nearest.ts'
import { openSource } from '../sources/open.ts'
import type { Batch, Row, Source, SourceOptions } from '../sources/source.ts'
import type { SideSettings } from './options.ts'
import { columnsOfCondition, type Condition, conditionSql, holds, parseCondition } from './where.ts'

/** One of the two sources, with its condition applied. */
export interface Side {
  readonly source: Source
  /** Rows still come: a database or an API, no export. */
  readonly isLive: boolean
  /** Where its rows can be asked for in SQL: the same text for two tables of one database. */
  readonly database?: string
}

/** Throws as `openSource` does, and for a condition that is not understood or names a column that is not there. */
export async function openSide(settings: SideSettings, options: SourceOptions): Promise<Side> {
  const { source: name, side, where } = settings
  const option = `--${side}`
  if (/^sqlite:/i.test(name)) {
    const { sqlitePlace, sqliteTable } = await import('./sqlite-table.ts')
    return { source: sqliteTable(sqlitePlace(name, option), where, option), isLive: true }
  }
  if (/^https?:/i.test(name)) {
    const { openList } = await import('../lists/open.ts')
    const list = await openList(name, settings, options)
    // A list without items has no columns that a condition could name.
    return { source: list.sample.length === 0 ? list : filtered(list, where, option), isLive: true }
  }
  if (/^postgres(ql)?:/i.test(name)) return openTable(name, where, options)
  return { source: filtered(await openSource(name, options), where, option), isLive: false }
}

/** The condition goes to the database as it is. */
async function openTable(name: string, where: string | undefined, options: SourceOptions): Promise<Side> {
  const place = await locate([name])
  if (place.kind !== 'postgres') throw new Error('locate: no postgres')
  const url = new URL(place.url)
  const database = url.href
  if (where !== undefined)
    url.searchParams.set('query', `SELECT * FROM ${fromOf(place.relation)} WHERE (${where})`)
  return {
    source: await openSource(where === undefined ? name : url.href, options),
    isLive: true,
    database,
  }
}

/** The condition of a file: evaluated here, or put into SQL where DuckDB reads it. */
function filtered(source: Source, where: string | undefined, option: string): Source {
  if (where === undefined) return source
  const condition = parseCondition(where, `${option}-where`)
  for (const column of columnsOfCondition(condition))
    requireColumn(column, `${option}-where`, { columns: source.columns, source: source.name })
  if (source.sql?.dialect === 'duckdb') {
    const wrapped = (from: string): string => `SELECT * FROM ${from} WHERE ${conditionSql(condition)}`
    const { definition = '' } = source.sql
    const sql = { ...source.sql, from: `(${wrapped('data')})`, definition: wrapped(`(${definition})`) }
    return { ...source, sql }
  }
  return { ...source, scan: (columns) => kept(source, columns, condition) }
}

async function* kept(
  source: Source,
  columns: readonly string[],
  condition: Condition,
): AsyncGenerator<Batch, void, undefined> {
  const needed = columnsOfCondition(condition)
  const places = new Map(needed.map((name, at) => [name, columns.length + at]))
  for await (const { rows, firstPosition } of source.scan([...columns, ...needed])) {
    const fits = (row: Row): boolean =>
      holds(condition, (name) => row[places.get(name) ?? -1] ?? null) === true
    yield { rows: rows.filter(fits).map((row) => row.slice(0, columns.length)), firstPosition }
  }
}
