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
  const where = among === undefined ? '' : amongCondition({ left, right }, plan, among)
  const sides = { left: keysOf(left, plan.left, where), right: keysOf(right, plan.right, where) }
  const others = left.dialect === 'duckdb' ? joinedOthers(sides, plan) : groupedOthers(sides, plan)
  const width = Math.max(cellColumns(plan.left).length, cellColumns(plan.right).length)
  const rows = (from: string): string =>
    `${rowsOf(left, plan.left, { side: '0', width, from })}
UNION ALL
${rowsOf(right, plan.right, { side: '1', width, from })}
ORDER BY ${[...keys.map((_, at) => String(at + 2)), '1'].join(', ')}`
  return { others, rows }
}

/** The rows of either side, as queries for k0, k1, … and what is compared, c0, c1, … */
interface Sides {
  readonly left: string
  readonly right: string
}

/** One grouping of both sides together: on PostgreSQL a join of two groupings takes half as long again. */
function groupedOthers({ left, right }: Sides, plan: ReconcilePlan): string {
  const keys = plan.left.key.map((_, at) => `k${at}`).join(', ')
  const equal = plan.compare.map((_, at) => {
    const cell = `c${at} COLLATE "C"`
    return `min(${cell}) IS NOT DISTINCT FROM max(${cell}) AND count(c${at}) IN (0, 2)`
  })
  return `SELECT ${keys}
FROM (SELECT *, 1 AS l, 0 AS r FROM (${left}) AS left_rows
  UNION ALL
  SELECT *, 0 AS l, 1 AS r FROM (${right}) AS right_rows) AS both_sides
GROUP BY ${keys}
HAVING NOT (${['sum(l) = 1', 'sum(r) = 1', ...equal].join(' AND ')})`
}

/** On DuckDB a join of the rows themselves and a search for keys that come twice take two thirds of one grouping. */
function joinedOthers({ left, right }: Sides, plan: ReconcilePlan): string {
  const keys = plan.left.key.map((_, at) => `k${at}`)
  const unequal = plan.compare.map((_, at) => `l.c${at} IS DISTINCT FROM r.c${at}`)
  const twice = (side: string): string =>
    `SELECT ${keys.join(', ')} FROM (${side}) GROUP BY ${keys.join(', ')} HAVING count(*) > 1`
  return `SELECT ${keys.map((key) => `coalesce(l.${key}, r.${key}) AS ${key}`).join(', ')}
FROM (${left}) AS l
FULL JOIN (${right}) AS r ON ${keys.map((key) => `l.${key} = r.${key}`).join(' AND ')}
WHERE ${['l.k0 IS NULL', 'r.k0 IS NULL', ...unequal].join(' OR ')}
UNION
${twice(left)}
UNION
${twice(right)}`
}

function keysOf(relation: Relation, side: SidePlan, where: string): string {
  const { text } = relation
  const keys = side.key.map((column, at) => `${text(column)} AS k${at}`)
  const cells = side.compared.map((column, at) => `${filled(relation, column)} AS c${at}`)
  const among = where === '' ? '' : ` AND ${where.replaceAll('{key}', rowOf(side.key.map(text)))}`
  return `SELECT ${[...keys, ...cells].join(', ')} FROM ${relation.from} WHERE ${hasKey(relation, side)}${among}`
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
