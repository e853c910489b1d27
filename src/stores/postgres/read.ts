import type { Entry } from '../../ledger/entry.ts'
import type { Reply, TwinRequest } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import type { Statement } from './session.ts'
import { textArray } from './params.ts'
import type { Row } from './pool.ts'
import { entryOf, rowText, stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'

export interface Reader {
  read(refs: readonly string[]): Promise<Reply<Entry | undefined>>
  twins(requests: readonly TwinRequest[]): Promise<Reply<readonly string[]>>
  /**
   * The rows as they are now, for requests that a write left without a verdict: a later statement, because the same
   * one cannot see what was committed after its snapshot.
   */
  look(refs: readonly string[]): Promise<Looked>
}

export interface Looked {
  readonly nowMs: number
  readonly rows: ReadonlyMap<string, Entry>
}

/** A twin that nobody looks for any more is none: a bound on how many are named. */
const maxTwins = 100

export function makeReader(database: Database): Reader {
  const { entries } = database.tables
  const one = database.statement(
    'read_one',
    `SELECT ${serverMs}, ${rowText('e')} FROM ${entries} e WHERE e.ref = $1::text`,
  )
  const many = database.statement('read_many', readMany(entries))
  const twins = database.statement('twins', twinsSql(entries))
  return {
    read: async (refs) => {
      const found = await readRows(database, { one, many }, refs)
      return { nowMs: found.nowMs, results: refs.map((ref) => found.rows.get(ref)) }
    },
    look: (refs) => readRows(database, { one, many }, refs),
    twins: async (requests) => {
      const values = [
        textArray(requests.map(({ ref }) => ref)),
        textArray(requests.map(({ windowMs }) => String(windowMs))),
      ]
      return twinsReply(await database.run(twins, values), requests)
    },
  }
}

/** A subquery per ref, and no join: the planner cannot but look each one up by the primary key. */
function readMany(entries: string): string {
  return `SELECT ${serverMs}, (SELECT ${rowText('e')} FROM ${entries} e WHERE e.ref = i.ref)
FROM unnest($1::text[]) AS i (ref)`
}

async function readRows(
  database: Database,
  statements: { one: Statement; many: Statement },
  refs: readonly string[],
): Promise<Looked> {
  const [first] = refs
  const rows =
    refs.length === 1 && first !== undefined
      ? await database.run(statements.one, [first])
      : await database.run(statements.many, [textArray(refs)])
  const found = new Map<string, Entry>()
  for (const [, row] of rows) {
    if (typeof row !== 'string') continue
    const entry = entryOf(row)
    found.set(entry.ref, entry)
  }
  return { nowMs: Number(rows[0]?.[0] ?? (await clock(database))), rows: found }
}

/** Reading no row at all still tells the time. */
async function clock(database: Database): Promise<number> {
  const [row] = await database.run(database.statement('clock', `SELECT ${serverMs}`), [])
  return Number(row?.[0])
}

/** Older, so that of two racing twins only one is refused; a released entry did nothing. */
function twinsSql(entries: string): string {
  return `SELECT ${serverMs}, i.ref, twin.ref
FROM unnest($1::text[], $2::bigint[]) AS i (ref, window_ms)
LEFT JOIN LATERAL (
  SELECT e.* FROM ${entries} e WHERE e.ref = i.ref AND e.subject IS NOT NULL AND e.fingerprint <> '' LIMIT 1
) AS e ON true
LEFT JOIN LATERAL (
  SELECT o.ref FROM ${entries} o
  WHERE o.subject = e.subject AND o.fingerprint = e.fingerprint AND o.scope = e.scope AND o.operation = e.operation
    AND o.state <> ${stateCodes.released}
    AND (o.claimed_at_ms, o.ref) < (e.claimed_at_ms, e.ref)
    AND o.claimed_at_ms >= ${serverMs} - i.window_ms
  ORDER BY o.claimed_at_ms, o.ref LIMIT ${maxTwins}
) AS twin ON true`
}

function twinsReply(rows: readonly Row[], requests: readonly TwinRequest[]): Reply<readonly string[]> {
  const byRef = new Map<string, string[]>(requests.map(({ ref }) => [ref, []]))
  for (const [, ref, twin] of rows) {
    if (typeof ref === 'string' && typeof twin === 'string') byRef.get(ref)?.push(twin)
  }
  return { nowMs: Number(rows[0]?.[0] ?? 0), results: requests.map(({ ref }) => byRef.get(ref) ?? []) }
}
