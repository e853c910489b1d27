import { OncewardError } from '../../kernel/errors.ts'
import { timestamp } from '../../kernel/time.ts'
import { groups } from '../audit/find-in-sql.ts'
import { groupsOf } from '../audit/group.ts'
import type { Plan } from '../audit/plan.ts'
import { requireColumn } from '../sources/nearest.ts'
import { readOnly } from '../sources/postgres-driver.ts'
import type { Source, SqlSide } from '../sources/source.ts'
import { identifier, literal } from '../sources/sql.ts'
import type { WatchEvent } from './events.ts'
import { groupingOf, groupToTell } from './judge-new.ts'
import { isAborted, pause } from './pause.ts'

interface TableWatch {
  readonly opened: Source & { readonly sql: SqlSide }
  readonly plan: Plan
  readonly cursor: string | undefined
  readonly everyMs: number
  readonly signal?: AbortSignal
}

/** A transaction may commit this much later than another that took a higher number or a later time. */
const lateMs = 30_000

/**
 * Looks at the rows behind the cursor, and asks the database for all rows of their references. The cursor stays half a
 * minute behind, so that a row that is committed late is seen all the same; what was told is not told again.
 */
export async function* watchTable(watch: TableWatch): AsyncGenerator<WatchEvent, void, undefined> {
  const { opened, plan, signal, everyMs } = watch
  const cursor = watch.cursor ?? plan.roles.at
  if (cursor === undefined)
    throw new OncewardError(
      'OPTION_INVALID',
      '--cursor is needed with --watch: a column that rises with each row.',
    )
  requireColumn(cursor, '--cursor', { columns: opened.columns, source: opened.name })
  const grouping = groupingOf(opened, plan)
  const told = new Map<string, number>()
  const behind = new LateCursor()
  let isReady = false
  while (!isAborted(signal)) {
    // A new transaction sees what has been committed since.
    await opened.sql.run('COMMIT')
    await opened.sql.run(readOnly)
    const now = await highest(opened.sql, cursor)
    const since = isReady ? behind.value : now
    behind.saw(now, performance.now())
    const among = since === undefined ? 'true' : `${identifier(cursor)} >= ${literal(since)}`
    for await (const rows of groups(opened, plan, among)) {
      const id = JSON.stringify(rows.ref)
      const count = groupsOf(rows, grouping).groups.reduce((sum, group) => sum + group.effects.length, 0)
      if (count <= (told.get(id) ?? 0)) continue
      told.set(id, count)
      const group = isReady ? groupToTell(rows, grouping) : undefined
      if (group !== undefined)
        yield { kind: 'alert', source: opened.name, group, seenAt: timestamp(Date.now()) }
    }
    if (!isReady) yield { kind: 'ready', source: opened.name, duplicateRefs: told.size, notes: plan.notes }
    isReady = true
    await pause(everyMs, signal)
  }
}

async function highest(sql: SqlSide, cursor: string): Promise<string | undefined> {
  const column = identifier(cursor)
  for await (const [row] of sql.query(`SELECT CAST(max(${column}) AS text) FROM ${sql.from}`))
    return row?.[0] ?? undefined
  return undefined
}

/** The highest value as it was a while ago. */
class LateCursor {
  readonly #seen: { value: string | undefined; atMs: number }[] = []

  saw(value: string | undefined, atMs: number): void {
    this.#seen.push({ value, atMs })
    while ((this.#seen[1]?.atMs ?? Infinity) < atMs - lateMs) this.#seen.shift()
  }

  get value(): string | undefined {
    return this.#seen[0]?.value
  }
}
