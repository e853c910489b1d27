import type { Entry } from '../../ledger/entry.ts'
import type { Reply } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import type { Statement } from './session.ts'
import { textArray } from './params.ts'
import { entryOf, rowText } from './rows.ts'
import { serverMs } from './tables.ts'

export interface Reader {
  read(refs: readonly string[]): Promise<Reply<Entry | undefined>>
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

export function makeReader(database: Database): Reader {
  const { entries } = database.tables
  const one = database.statement(
    'read_one',
    `SELECT ${serverMs}, ${rowText('e')} FROM ${entries} e WHERE e.ref = $1::text`,
  )
  const many = database.statement('read_many', readMany(entries))
  return {
    read: async (refs) => {
      const found = await readRows(database, { one, many }, refs)
      return { nowMs: found.nowMs, results: refs.map((ref) => found.rows.get(ref)) }
    },
    look: (refs) => readRows(database, { one, many }, refs),
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
