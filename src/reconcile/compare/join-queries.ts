import { milliseconds } from '../audit/queries.ts'
import type { SqlSide } from '../sources/source.ts'
import { identifier, literal } from '../sources/sql.ts'
import type { Among } from './joined.ts'
import { cellColumns, type ReconcilePlan, type SidePlan } from './plan.ts'

/** How the rows of one side are named in a query. */
export interface Relation {
  readonly dialect: SqlSide['dialect']
  readonly from: string
  /** Its columns have types that compare by themselves; text is the common ground otherwise. */
  readonly text: (column: string) => string
}

/** One row: rows with a key, rows without one, the youngest time in milliseconds; with `sinceMs`, of what is new. */
export function countQuery(relation: Relation, side: SidePlan, sinceMs?: number): string {
  const { dialect, from, text } = relation
  const has = hasKey(relation, side)
  const ms =
    side.at === undefined || side.timeStyle === undefined
      ? 'NULL'
      : `max(${milliseconds({ dialect, from, text }, text(side.at), side.timeStyle)})`
  const columns = [`count(*) FILTER (WHERE ${has})`, `count(*) FILTER (WHERE NOT ${has})`, ms]
  const where = sinceMs === undefined ? '' : ` WHERE ${newerThan(relation, side, sinceMs)}`
  return `SELECT ${columns.map((column) => castText(dialect, column)).join(', ')} FROM ${from}${where}`
}

/**
 * Every row of the keys that are no equal pair: the side, the key, then the cells of that side, padded to the wider one.
 * Ordered by key, left before right.
 */
export function othersQuery(
  { left, right }: { readonly left: Relation; readonly right: Relation },
  plan: ReconcilePlan,
  among?: Among,
): { readonly others: string; readonly rows: (others: string) => string } {
  const keys = plan.left.key.map((_, at) => `k${at}`)
  const collate = left.dialect === 'postgres' ? ' COLLATE "C"' : ''
  const equal = plan.compare.map((_, at) => {
    const cell = `c${at}${collate}`
    return `min(${cell}) IS NOT DISTINCT FROM max(${cell}) AND count(c${at}) IN (0, 2)`
  })
  const isPair = ['sum(l) = 1', 'sum(r) = 1', ...equal].join(' AND ')
  const where = among === undefined ? '' : amongCondition({ left, right }, plan, among)
  // One grouping of both sides together: a join of two groupings takes half as long again.
  const others = `SELECT ${keys.join(', ')}
FROM (${keysOf(left, plan.left, { counts: '1 AS l, 0 AS r', where })}
  UNION ALL
  ${keysOf(right, plan.right, { counts: '0 AS l, 1 AS r', where })}) AS both_sides
GROUP BY ${keys.join(', ')}
HAVING NOT (${isPair})`
  const width = Math.max(cellColumns(plan.left).length, cellColumns(plan.right).length)
  const rows = (from: string): string =>
    `${rowsOf(left, plan.left, { side: '0', width, from })}
UNION ALL
${rowsOf(right, plan.right, { side: '1', width, from })}
ORDER BY ${[...keys.map((_, at) => String(at + 2)), '1'].join(', ')}`
  return { others, rows }
}

interface Keys {
  readonly counts: string
  readonly where: string
}

function keysOf(relation: Relation, side: SidePlan, { counts, where }: Keys): string {
  const { text } = relation
  const keys = side.key.map((column, at) => `${text(column)} AS k${at}`)
  const cells = side.compared.map((column, at) => `${filled(relation, column)} AS c${at}`)
  const among = where === '' ? '' : ` AND ${where.replaceAll('{key}', rowOf(side.key.map(text)))}`
  return `SELECT ${[...keys, counts, ...cells].join(', ')} FROM ${relation.from} WHERE ${hasKey(relation, side)}${among}`
}

interface Rows {
  readonly side: string
  readonly width: number
  readonly from: string
}

function rowsOf(relation: Relation, side: SidePlan, { side: name, width, from }: Rows): string {
  const { dialect, text } = relation
  const cells = cellColumns(side).map((column) => filled(relation, column))
  const inner = [
    ...side.key.map((column, at) => `${text(column)} AS k${at}`),
    ...Array.from({ length: width }, (_, at) => `${cells[at] ?? castText(dialect, 'NULL')} AS v${at}`),
  ]
  const keys = side.key.map((_, at) => `k${at}`)
  const columns = [
    `${castText(dialect, literal(name))} AS side`,
    ...keys.map((key) => `data.${key}`),
    ...Array.from({ length: width }, (_, at) => `data.v${at}`),
  ]
  return `SELECT ${columns.join(', ')} FROM (SELECT ${inner.join(', ')} FROM ${relation.from} WHERE ${hasKey(relation, side)}) AS data
JOIN ${from} AS others ON ${keys.map((key) => `data.${key} = others.${key}`).join(' AND ')}`
}

/** Keys with a row that is new on either side, and those that were open. */
function amongCondition(
  relations: { readonly left: Relation; readonly right: Relation },
  plan: ReconcilePlan,
  among: Among,
): string {
  const recent = (['left', 'right'] as const).map((name) => {
    const [relation, side] = [relations[name], plan[name]]
    const since = name === 'left' ? among.leftSinceMs : among.rightSinceMs
    const newer = since === undefined ? 'true' : newerThan(relation, side, since)
    return `SELECT ${side.key.map(relation.text).join(', ')} FROM ${relation.from} WHERE ${hasKey(relation, side)} AND ${newer}`
  })
  const open = among.keys.map((key) => `(${key.map(literal).join(', ')})`)
  const listed = open.length === 0 ? '' : ` OR {key} IN (${open.join(', ')})`
  return `({key} IN (${recent.join(' UNION ')})${listed})`
}

/** A database compares its own type, which an index may serve; of files all is text. */
function newerThan(relation: Relation, { at, timeStyle }: SidePlan, sinceMs: number): string {
  if (at === undefined || timeStyle === undefined) return 'true'
  if (relation.dialect === 'postgres')
    return `${identifier(at)} >= ${literal(new Date(sinceMs).toISOString())}`
  return `${milliseconds(relation, relation.text(at), timeStyle)} >= ${sinceMs}`
}

function rowOf(columns: readonly string[]): string {
  return `(${columns.join(', ')})`
}

function filled({ text }: Relation, column: string): string {
  return `nullif(${text(column)}, '')`
}

function hasKey({ text }: Relation, { key }: SidePlan): string {
  return `(${key.map((column) => `coalesce(${text(column)}, '') <> ''`).join(' AND ')})`
}

function castText(dialect: SqlSide['dialect'], expression: string): string {
  return `CAST(${expression} AS ${dialect === 'duckdb' ? 'VARCHAR' : 'text'})`
}
