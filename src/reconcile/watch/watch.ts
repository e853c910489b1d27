import { milliseconds } from '../../kernel/check.ts'
import { OncewardError } from '../../kernel/errors.ts'
import { type AuditOptions, auditSettings } from '../audit/options.ts'
import { planOf } from '../audit/plan.ts'
import { openSource } from '../sources/open.ts'
import type { Source } from '../sources/source.ts'
import type { WatchEvent } from './events.ts'

/** Of `watchDuplicates`. */
export interface WatchOptions extends AuditOptions {
  /** Of a table: a column that rises with each row. Default: that of `at`. */
  readonly cursor?: string
  /** How often to look. Default 1000. */
  readonly everyMs?: number
  /** References of a file that are remembered, the latest ones. Default 1,000,000. */
  readonly maxRefs?: number
}

/**
 * Follows a file that grows, or a table by a column that rises, and tells of each duplicate as it comes: `ready` first,
 * then an `alert` for each. It goes on until `signal` is aborted or nobody reads on. Throws as `audit` does.
 */
export async function* watchDuplicates(
  source: string,
  options: WatchOptions = {},
): AsyncGenerator<WatchEvent, void, undefined> {
  const settings = auditSettings(options)
  const everyMs = milliseconds(options.everyMs ?? 1000, '--every', 10)
  if (source === '-')
    throw new OncewardError('OPTION_INVALID', 'SOURCE must be a file or a table with --watch, got "-".')
  const opened = await openSource(source, settings.source)
  try {
    const plan = planOf(opened, settings)
    const { signal, cursor, maxRefs = 1_000_000 } = options
    const watching = { opened, plan, everyMs, ...(signal && { signal }) }
    if (isTable(opened)) {
      const { watchTable } = await import('./watch-table.ts')
      yield* watchTable({ ...watching, opened, cursor })
    } else {
      const { watchFile } = await import('./watch-file.ts')
      yield* watchFile({ ...watching, path: source, maxRefs, sourceOptions: settings.source })
    }
  } finally {
    await opened.close()
  }
}

function isTable(source: Source): source is Source & { readonly sql: NonNullable<Source['sql']> } {
  return source.sql?.dialect === 'postgres'
}
