import { OncewardError } from '../../kernel/errors.ts'
import { identifier } from '../sources/sql.ts'
import { type CleanupPlan, idText } from './plan.ts'
import { anyOf, type Target } from './target.ts'

/*
 * What a plan has done, in a table beside the one it changes: a row of the journal is written in the transaction that
 * changes the row it tells of, so that neither is ever there without the other, whenever the process is killed.
 */

const journal = identifier('onceward_cleanup')

export interface Entry {
  readonly id: readonly string[]
  readonly state: 'removed' | 'restored'
}

export async function createJournal(target: Target): Promise<void> {
  await target.transaction(async () => {
    await target.query(
      `CREATE TABLE IF NOT EXISTS ${journal} (plan text NOT NULL, row_id text NOT NULL, row_key text NOT NULL, twin text NOT NULL,
        state text NOT NULL, by_name text NOT NULL, at text NOT NULL, PRIMARY KEY (plan, row_id))`,
    )
  })
}

export async function hasJournal(target: Target): Promise<boolean> {
  const found =
    target.dialect === 'sqlite'
      ? await target.query(`SELECT name FROM sqlite_master WHERE name = 'onceward_cleanup'`)
      : await target.query(`SELECT 'found' AS name WHERE to_regclass('onceward_cleanup') IS NOT NULL`)
  return found.length > 0
}

/** Ids of rows in some state, of one plan. */
export async function idsIn(target: Target, plan: string, state: Entry['state']): Promise<Set<string>> {
  if (!(await hasJournal(target))) return new Set()
  const rows = await target.query(`SELECT row_id FROM ${journal} WHERE plan = ? AND state = ?`, [plan, state])
  return new Set(rows.map((row) => row['row_id'] ?? ''))
}

export interface Note {
  readonly id: readonly string[]
  readonly key: readonly string[]
  readonly twin: readonly string[]
}

export async function record(
  target: Target,
  { plan, state, by }: { readonly plan: CleanupPlan; readonly state: Entry['state']; readonly by: string },
  rows: readonly Note[],
): Promise<void> {
  const at = new Date().toISOString()
  for (const { id, key, twin } of rows)
    await target.change(
      `INSERT INTO ${journal} (plan, row_id, row_key, twin, state, by_name, at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (plan, row_id) DO UPDATE SET state = excluded.state, by_name = excluded.by_name, at = excluded.at`,
      [plan.id, idText(id), JSON.stringify(key), idText(twin), state, by, at],
    )
}

/** Takes rows out of the table: marks them, or moves them into the table beside it. */
export async function removeRows(
  target: Target,
  { action, idColumns }: CleanupPlan,
  ids: readonly (readonly string[])[],
): Promise<void> {
  const which = anyOf(idColumns, ids.length)
  if (action.kind === 'mark') {
    const column = identifier(action.column)
    const now = target.dialect === 'sqlite' ? `strftime('%Y-%m-%dT%H:%M:%fZ', 'now')` : 'CURRENT_TIMESTAMP'
    const set = `UPDATE ${target.table} SET ${column} = ${now} WHERE ${which} AND ${column} IS NULL`
    return exactly(await target.change(set, ids.flat()), ids.length)
  }
  if (action.kind !== 'move') throw new Error(`no rows are removed by ${action.kind}`)
  const columns = target.columns.map(identifier).join(', ')
  const copy = `INSERT INTO ${identifier(action.table)} (${columns}) SELECT ${columns} FROM ${target.table} WHERE ${which}`
  exactly(await target.change(copy, ids.flat()), ids.length)
  exactly(await target.change(`DELETE FROM ${target.table} WHERE ${which}`, ids.flat()), ids.length)
}

/** The way back. */
export async function restoreRows(
  target: Target,
  { action, idColumns }: CleanupPlan,
  ids: readonly (readonly string[])[],
): Promise<void> {
  const which = anyOf(idColumns, ids.length)
  if (action.kind === 'mark') {
    const column = identifier(action.column)
    const set = `UPDATE ${target.table} SET ${column} = NULL WHERE ${which} AND ${column} IS NOT NULL`
    return exactly(await target.change(set, ids.flat()), ids.length)
  }
  if (action.kind !== 'move') throw new Error(`no rows are restored by ${action.kind}`)
  const columns = target.columns.map(identifier).join(', ')
  const beside = identifier(action.table)
  const overriding = target.dialect === 'postgres' ? ' OVERRIDING SYSTEM VALUE' : ''
  const copy = `INSERT INTO ${target.table} (${columns})${overriding} SELECT ${columns} FROM ${beside} WHERE ${which}`
  exactly(await target.change(copy, ids.flat()), ids.length)
  exactly(await target.change(`DELETE FROM ${beside} WHERE ${which}`, ids.flat()), ids.length)
}

/** The table beside has the columns of the first, with none of its constraints. */
export async function createBeside(target: Target, table: string): Promise<void> {
  const columns = target.columns.map(identifier).join(', ')
  await target.query(
    `CREATE TABLE IF NOT EXISTS ${identifier(table)} AS SELECT ${columns} FROM ${target.table} WHERE 1 = 0`,
  )
}

function exactly(changed: number, wanted: number): void {
  if (changed === wanted) return
  throw new OncewardError(
    'CONFLICT',
    `${changed} rows would have changed instead of ${wanted}; this batch was rolled back.`,
  )
}
