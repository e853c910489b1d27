import { delay } from '../../kernel/runtime.ts'
import type { Database } from './database.ts'
import { stateCodes } from './rows.ts'

const askEveryMs = 1000

/**
 * Makes the indexes in the order of time, for whoever lists often, without holding back anybody who writes. On a large
 * table that takes longer than a statement may: then it goes on at the server, and is asked about until it is done. One
 * that was left unfinished is made anew.
 */
export async function prepareLists(database: Database): Promise<void> {
  const failed = ` WHERE state = ${stateCodes.failed}`
  await prepare(database, 'onceward_entries_recent', '')
  await prepare(database, 'onceward_entries_failed', failed)
}

async function prepare(database: Database, name: string, where: string): Promise<void> {
  const { entries } = database.tables
  for (;;) {
    const state = await stateOf(database, name)
    if (state === 'ready') return
    if (state === 'unfinished') await run(database, `DROP INDEX CONCURRENTLY IF EXISTS ${name}`)
    if (state === 'absent' || state === 'unfinished') {
      const columns = '(scope, claimed_at_ms, ref)'
      await run(database, `CREATE INDEX CONCURRENTLY IF NOT EXISTS ${name} ON ${entries} ${columns}${where}`)
    } else await delay(database.options.runtime, askEveryMs)
  }
}

type IndexState = 'absent' | 'being-made' | 'unfinished' | 'ready'

async function stateOf(database: Database, name: string): Promise<IndexState> {
  const text = `SELECT i.indisvalid::text,
  EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.relid = i.indrelid)::text
FROM pg_index i WHERE i.indexrelid = to_regclass($1::text)`
  const [row] = await database.session((session) => session.once(text, [name]))
  if (row === undefined) return 'absent'
  if (row[0] === 'true') return 'ready'
  return row[1] === 'true' ? 'being-made' : 'unfinished'
}

/** What becomes of it is looked at afterwards. */
async function run(database: Database, text: string): Promise<void> {
  await database.session((session) => session.once(text, [])).catch(() => undefined)
  await delay(database.options.runtime, 10)
}
