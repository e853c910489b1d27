import { redactUrl } from '../../kernel/redact.ts'
import { sqlitePlace } from '../compare/sqlite-table.ts'
import { locate } from '../sources/locate.ts'
import type { Target } from './target.ts'

/** Undefined where the source is no table that can be changed. */
export async function openTarget(source: string): Promise<Target | undefined> {
  if (/^sqlite:/i.test(source)) {
    const { sqliteTarget } = await import('./target-sqlite.ts')
    return sqliteTarget(sqlitePlace(source, '--right'))
  }
  if (!/^postgres(ql)?:/i.test(source)) return undefined
  const place = await locate([source])
  if (place.kind !== 'postgres' || place.relation.kind !== 'table') return undefined
  const { postgresTarget } = await import('./target-postgres.ts')
  return postgresTarget({ url: place.url, name: redactUrl(source), table: place.relation.table })
}
