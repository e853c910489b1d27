import { createHash } from 'node:crypto'
import { OncewardError } from '../../kernel/errors.ts'
import { identifier } from '../sources/sql.ts'
import type { NamedRow } from './plan.ts'

/** One connection to where the rows are that a plan is about. `?` in a statement is a value. */
export interface Target {
  readonly dialect: 'postgres' | 'sqlite'
  readonly name: string
  /** Quoted, for a statement. */
  readonly table: string
  /** Its name without its schema. */
  readonly bareTable: string
  readonly columns: readonly string[]
  readonly primaryKey: readonly string[]
  query(this: void, text: string, values?: readonly string[]): Promise<readonly TargetRow[]>
  /** Gives how many rows it changed. */
  change(this: void, text: string, values?: readonly string[]): Promise<number>
  /** All or nothing. */
  transaction<T>(this: void, work: () => Promise<T>): Promise<T>
  close(this: void): Promise<void>
}

export type TargetRow = Readonly<Record<string, string | null>>

/** What is read of a row: every column as text, under its name. */
export function allColumns({ columns }: Target): string {
  return columns.map((name) => `CAST(${identifier(name)} AS text) AS ${identifier(name)}`).join(', ')
}

/** Everything that is in a row but the column that a clean-up sets itself. */
export function digestOf(row: TargetRow, columns: readonly string[]): string {
  const cells = columns.map((name) => [name, row[name] ?? null])
  return createHash('sha256').update(JSON.stringify(cells)).digest('hex')
}

export interface Live {
  readonly keyColumns: readonly string[]
  readonly idColumns: readonly string[]
  /** Set in rows that are removed already. */
  readonly mark: string | undefined
  readonly where: string | undefined
}

/** The rows of some keys that are there and not removed, by key, each with its digest. `lock` keeps others from changing them. */
export async function liveRows(
  target: Target,
  keys: readonly (readonly string[])[],
  { live, lock }: { readonly live: Live; readonly lock: boolean },
): Promise<Map<string, NamedRow[]>> {
  const { keyColumns, idColumns, mark, where } = live
  const digested = target.columns.filter((name) => name !== mark)
  const conditions = [
    anyOf(keyColumns, keys.length),
    ...(mark === undefined ? [] : [`${identifier(mark)} IS NULL`]),
    ...(where === undefined ? [] : [`(${where})`]),
  ]
  const locking = lock && target.dialect === 'postgres' ? ' FOR UPDATE' : ''
  const rows = await target.query(
    `SELECT ${allColumns(target)} FROM ${target.table} WHERE ${conditions.join(' AND ')}${locking}`,
    keys.flat(),
  )
  const found = new Map<string, NamedRow[]>()
  for (const row of rows) {
    const key = JSON.stringify(keyColumns.map((name) => row[name]))
    const named = { id: idColumns.map((name) => row[name] ?? ''), digest: digestOf(row, digested) }
    const list = found.get(key)
    if (list === undefined) found.set(key, [named])
    else list.push(named)
  }
  return found
}

/** A condition on rows by `count` values of some columns. */
export function anyOf(columns: readonly string[], count: number): string {
  const [first = '', ...more] = columns.map(identifier)
  if (more.length === 0) return `${first} IN (${Array.from({ length: count }, () => '?').join(', ')})`
  const one = `(${columns.map((name) => `${identifier(name)} = ?`).join(' AND ')})`
  return `(${Array.from({ length: count }, () => one).join(' OR ')})`
}

/** Keys asked for in one statement: SQLite takes a chain of fewer than a thousand conditions. */
export function keysAtOnce(columns: readonly string[]): number {
  return columns.length === 1 ? 1000 : 100
}

export function stale(what: string): OncewardError {
  return new OncewardError(
    'CONFLICT',
    `The data has changed since the plan was made: ${what}. Nothing of it is touched; make a new plan with --fix.`,
  )
}

export function* portions<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}
