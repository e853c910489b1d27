import type { Row, Source, SqlSide } from '../sources/source.ts'
import { type Facts, maxSegments, refOf } from './facts.ts'
import type { Found, PlacedRow, RefRows } from './found.ts'
import type { Plan } from './plan.ts'
import { factsQuery, groupsQuery, segmentsQuery } from './queries.ts'

type SqlSource = Source & { readonly sql: SqlSide }

/** The same two passes, asked of the database: only the rows of repeated references come here. */
export async function findInSql(source: SqlSource, plan: Plan): Promise<Found> {
  const facts = await readFacts(source, plan)
  return { facts, groups: () => groups(source, plan) }
}

async function readFacts({ sql, columns }: SqlSource, plan: Plan): Promise<Facts> {
  const [row = []] = await all(sql.query(factsQuery(sql, plan, columns)))
  const number = (at: number): number => Number(row[at] ?? 0)
  const ms = (at: number): number | undefined =>
    typeof row[at] === 'string' ? Math.round(Number(row[at])) : undefined
  return {
    rows: number(0),
    withoutRef: number(1),
    times: { fromMs: ms(2), toMs: ms(3), withoutZone: number(4), unreadable: number(5) },
    amounts: { points: number(6), commas: number(7), unreadable: number(8) },
    segments: plan.roles.segment === undefined ? undefined : await readSegments(sql, plan),
  }
}

async function readSegments(sql: SqlSide, plan: Plan): Promise<ReadonlyMap<string, number> | undefined> {
  const rows = await all(sql.query(segmentsQuery(sql, plan)))
  return rows.length > maxSegments
    ? undefined
    : new Map(rows.map(([name, count]) => [name ?? '', Number(count)]))
}

async function all(batches: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const rows: Row[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

/** The rows come in the order of their references, so a group is whole when the next one begins. */
export async function* groups(
  { sql }: Pick<SqlSource, 'sql'>,
  plan: Plan,
  among?: string,
): AsyncGenerator<RefRows, void, undefined> {
  const parts = plan.roles.ref.length
  let current: { id: string; ref: readonly string[]; rows: PlacedRow[] } | undefined
  for await (const batch of sql.query(groupsQuery(sql, plan, among), { isHeavy: true })) {
    for (const row of batch) {
      const id = refOf(row, parts)
      if (id === undefined) continue
      const position = row[parts]
      const placed = {
        cells: row.slice(parts + 1),
        position: position === null || position === undefined ? Number.NaN : Number(position),
      }
      if (current?.id === id) {
        current.rows.push(placed)
        continue
      }
      if (current !== undefined && current.rows.length > 1) yield current
      current = { id, ref: row.slice(0, parts) as string[], rows: [placed] }
    }
  }
  if (current !== undefined && current.rows.length > 1) yield current
}
