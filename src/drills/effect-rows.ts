import { loadSqlite } from '../stores/sqlite/driver.ts'
import { sqlitePathOf, storeKindOf } from '../stores/open.ts'
import { askPostgres } from '../testing/postgres-query.ts'

/** One effect that is a row of the user's own, in the database of the ledger: what `transactional` guards. */
export interface EffectRow {
  /** By the clock of whoever wrote it. */
  readonly at: string
  readonly key: string
  readonly effectId: string
}

/** The user's table, read over a connection of the drill's own. It has no constraint: nothing but the ledger keeps it clean. */
export interface EffectRows {
  read(): Promise<readonly EffectRow[]>
  /**
   * Resolves when no worker is connected: a server may still be at the last statement of a client that was killed.
   * A file needs no such wait, its writers are gone with their processes.
   */
  alone(): Promise<void>
  /** Removes the table. */
  drop(): Promise<void>
  close(): Promise<void>
}

export interface EffectRowsOptions {
  readonly storeUrl: string
  /** Name of the table. */
  readonly table: string
  /** What the connections of workers are called (`application_name`). */
  readonly workers: string
}

/** What connections of the drill itself are called, to be told from those of its workers. */
export const observerName = 'onceward-drill'

const createSql = (table: string): string =>
  `CREATE TABLE IF NOT EXISTS ${table} (at TEXT NOT NULL, key TEXT NOT NULL, effect_id TEXT NOT NULL)`
const readSql = (table: string): string => `SELECT at, key, effect_id AS "effectId" FROM ${table}`
const connectedSql = 'SELECT count(*)::int AS workers FROM pg_stat_activity WHERE application_name = $1'

/** Makes the table where it is absent. */
export async function openEffectRows(options: EffectRowsOptions): Promise<EffectRows> {
  const { storeUrl, table, workers } = options
  const kind = storeKindOf(storeUrl)
  if (kind === 'sqlite') return openSqliteRows(sqlitePathOf(storeUrl), table)
  if (kind === 'module') return noRows
  // A connection for each question: the server may be another one each time.
  const ask = <Row>(text: string, values: unknown[] = []): Promise<readonly Row[]> =>
    askPostgres(storeUrl, text, values) as Promise<readonly unknown[]> as Promise<readonly Row[]>
  await ask(createSql(table))
  return {
    read: () => ask<EffectRow>(readSql(table)),
    alone: async () => {
      for (let tries = 0; ; tries += 1) {
        const [row] = await ask<{ workers: number }>(connectedSql, [workers])
        if (row?.workers === 0) return
        if (tries > 500) throw new Error('A killed worker is still connected to PostgreSQL.')
        await new Promise((resolve) => void setTimeout(resolve, 20))
      }
    },
    drop: async () => void (await ask(`DROP TABLE IF EXISTS ${table}`)),
    close: () => Promise.resolve(),
  }
}

/** A store of the user's own, in whose database nothing else is known of. */
const noRows: EffectRows = {
  read: () => Promise.resolve([]),
  alone: () => Promise.resolve(),
  drop: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

function openSqliteRows(path: string, table: string): EffectRows {
  const { DatabaseSync: Sqlite } = loadSqlite()
  const db = new Sqlite(path, { timeout: 5_000 })
  db.exec(createSql(table))
  return {
    read: () => Promise.resolve(db.prepare(readSql(table)).all() as unknown as EffectRow[]),
    alone: () => Promise.resolve(),
    drop: () => Promise.resolve(db.exec(`DROP TABLE IF EXISTS ${table}`)),
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
export function insertEffect(client: unknown, table: string, row: EffectRow): Promise<void> | undefined {
  const insert = `INSERT INTO ${table} (at, key, effect_id) VALUES`
  const values = [row.at, row.key, row.effectId]
  if (typeof client === 'object' && client !== null && 'query' in client) {
    return (client as QueryClient).query(`${insert} ($1, $2, $3)`, values).then(() => undefined)
  }
  ;(client as StatementClient).prepare(`${insert} (?, ?, ?)`).run(...values)
  return undefined
}
