import { oneOf } from '../../kernel/check.ts'
import { exitCodes } from '../exit.ts'
import { write } from '../output.ts'
import { type AuditCommandOptions, auditOptions } from './options.ts'

/** Nothing is opened: the engine that has the rows may be out of reach from here. */
export async function printSql(source: string, typed: AuditCommandOptions, dialect: string): Promise<number> {
  const { auditSql } = await import('../../reconcile/audit/print-sql.ts')
  const { ref = [], effect, key, at, amount, worker, limit } = auditOptions(typed)
  const named = Object.entries({ effect, key, at, amount, worker, limit }).filter(
    ([, value]) => value !== undefined && value !== 'none',
  )
  const known = oneOf(dialect, ['duckdb', 'postgres', 'spark'] as const, '--print-sql')
  await write(process.stdout, auditSql(source, known, { ref, ...Object.fromEntries(named) }))
  return exitCodes.done
}
