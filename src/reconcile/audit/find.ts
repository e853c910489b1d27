import type { Source } from '../sources/source.ts'
import type { Found } from './found.ts'
import type { Plan } from './plan.ts'

/** Where the source can be asked in SQL, it is. */
export async function find(source: Source, plan: Plan): Promise<Found> {
  if (source.sql === undefined) {
    const { findInRows } = await import('./find-in-rows.ts')
    return findInRows(source, plan)
  }
  const { findInSql } = await import('./find-in-sql.ts')
  return findInSql({ ...source, sql: source.sql }, plan)
}
