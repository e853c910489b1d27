import { oneOf } from '../../kernel/check.ts'
import { exitCodes } from '../exit.ts'
import { write } from '../output.ts'
import { type ReconcileCommandOptions, reconcileOptions } from './options.ts'

/** Opens nothing: for an engine that is where the rows are. */
export async function printSql(typed: ReconcileCommandOptions, dialect: string): Promise<number> {
  const { reconcileSql } = await import('../../reconcile/index.ts')
  const known = oneOf(dialect, ['duckdb', 'postgres', 'spark'] as const, '--print-sql')
  await write(process.stdout, reconcileSql(await reconcileOptions(typed), known))
  return exitCodes.done
}
