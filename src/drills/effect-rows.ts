import { loadSqlite } from '../stores/sqlite/driver.ts'
import { sqlitePathOf, storeKindOf } from '../stores/open.ts'

/** One effect that is a row of the user's own, in the database of the ledger: what `transactional` guards. */
export interface EffectRow {
  readonly key: string
  readonly effectId: string
}

/** The user's table, read over a connection of the drill's own. It has no constraint: nothing but the ledger keeps it clean. */
export interface EffectRows {
  read(): Promise<readonly EffectRow[]>
  /**
   * Resolves when nobody else is connected: a server may still be at the last statement of a client that was killed.
   * A file needs no such wait, its writers are gone with their processes.
   */
  alone(): Promise<void>
  close(): Promise<void>
}

/** What connections of the drill itself are called, to be told from those of its workers. */
export const observerName = 'onceward-drill'

const createSql = 'CREATE TABLE IF NOT EXISTS drill_effects (key TEXT NOT NULL, effect_id TEXT NOT NULL)'
const readSql = 'SELECT key, effect_id AS "effectId" FROM drill_effects'
const othersSql = `SELECT count(*)::int AS others FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> '${observerName}'`
const insertSql = {
  sqlite: 'INSERT INTO drill_effects (key, effect_id) VALUES (?, ?)',
  postgres: 'INSERT INTO drill_effects (key, effect_id) VALUES ($1, $2)',
}

/** Makes the table where it is absent. */
export async function openEffectRows(storeUrl: string): Promise<EffectRows> {
  if (storeKindOf(storeUrl) === 'sqlite') return openSqliteRows(sqlitePathOf(storeUrl))
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: storeUrl, application_name: observerName })
  // A server that is ended under us says so here; the next read fails by itself.
  client.on('error', () => undefined)
  await client.connect()
  await client.query(createSql)
  return {
    read: async () => (await client.query<{ key: string; effectId: string }>(readSql)).rows,
    alone: async () => {
      for (let tries = 0; ; tries += 1) {
        const { rows } = await client.query<{ others: number }>(othersSql)
        if (rows[0]?.others === 0) return
        if (tries > 500) throw new Error('A killed worker is still connected to PostgreSQL.')
        await new Promise((resolve) => void setTimeout(resolve, 20))
      }
    },
    close: () => client.end(),
  }
}

function openSqliteRows(path: string): EffectRows {
  const { DatabaseSync: Sqlite } = loadSqlite()
  const db = new Sqlite(path, { timeout: 5_000 })
  db.exec(createSql)
  return {
    read: () => Promise.resolve(db.prepare(readSql).all() as unknown as EffectRow[]),
    alone: () => Promise.resolve(),
    close: () => {
      db.close()
      return Promise.resolve()
    },
  }
}

interface QueryClient {
  query(text: string, values: readonly unknown[]): Promise<unknown>
}

interface StatementClient {
  prepare(sql: string): { run(...values: string[]): unknown }
}

/** Writes the effect inside `attempt.transaction`, with whatever client the store gives. */
export function insertEffect(client: unknown, row: EffectRow): Promise<void> | undefined {
  if (typeof client === 'object' && client !== null && 'query' in client) {
    return (client as QueryClient).query(insertSql.postgres, [row.key, row.effectId]).then(() => undefined)
  }
  ;(client as StatementClient).prepare(insertSql.sqlite).run(row.key, row.effectId)
  return undefined
}
