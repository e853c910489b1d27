import { redactUrl } from '../../kernel/redact.ts'
import { openPostgres, type Postgres, readOnly } from '../../reconcile/sources/postgres-driver.ts'
import { identifier } from '../../reconcile/sources/sql.ts'
import { kindOfFile } from '../bundle/kind.ts'
import { type Collected, type Collecting, linesOf } from './collected.ts'

const maxTables = 8
const maxRows = 100_000

/** Settings that say how long something waits, or how much there may be of it. */
const settings =
  "SELECT name, setting || coalesce(CASE unit WHEN 'ms' THEN 'ms' WHEN 's' THEN 's' WHEN 'min' THEN 'min' END, '') AS value FROM pg_settings WHERE name IN ('max_connections', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'deadlock_timeout', 'synchronous_commit', 'synchronous_standby_names', 'tcp_user_timeout', 'default_transaction_read_only', 'server_version') ORDER BY name"

const activity = `SELECT now()::text AS at, 'connections_' || coalesce(replace(state, ' ', '_'), 'background') AS name, count(*)::text AS value FROM pg_stat_activity GROUP BY 2
UNION ALL SELECT now()::text, 'connections_limit_max', setting FROM pg_settings WHERE name = 'max_connections'
UNION ALL SELECT now()::text, 'in_recovery', pg_is_in_recovery()::int::text
UNION ALL SELECT now()::text, 'replica_lag_bytes_' || application_name, pg_wal_lsn_diff(sent_lsn, replay_lsn)::text FROM pg_stat_replication ORDER BY 2`

const tables =
  "SELECT table_schema::text, table_name::text FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2 LIMIT 1000"

/**
 * Settings, connections, and the tables that `?table=A,B` names; without it, those whose names sound like effects,
 * requests or deliveries. In one read-only transaction with a time limit.
 */
export async function collectPostgres(url: string, { print, signal }: Collecting): Promise<Collected[]> {
  const parsed = new URL(url)
  const named = (parsed.searchParams.get('table') ?? '').split(',').filter((name) => name !== '')
  parsed.searchParams.delete('table')
  const db = await openPostgres(parsed.href, redactUrl(parsed.href))
  const ask = async (query: string): Promise<Record<string, unknown>[]> => {
    signal?.throwIfAborted()
    print(query)
    const { rows, fields } = await db.ask(query)
    return rows.map((row) => Object.fromEntries(fields.map(({ name }, at) => [name, row[at] ?? null])))
  }
  try {
    await begin(db, print)
    const collected: Collected[] = [
      { path: 'postgres-settings.jsonl', text: linesOf(await ask(settings)) },
      { path: 'postgres-metrics.jsonl', text: linesOf(await ask(activity)) },
    ]
    const wanted = named.length > 0 ? named.map((name) => name.split('.')) : await likely(ask)
    for (const parts of wanted.slice(0, maxTables)) {
      const table = parts.map(identifier).join('.')
      const rows = await ask(`SELECT * FROM ${table} LIMIT ${maxRows}`)
      const file = parts.join('-').replaceAll(/[^\w-]/g, '_')
      if (rows.length > 0) collected.push({ path: `${file}.jsonl`, text: linesOf(rows) })
    }
    return collected
  } finally {
    await db.close()
  }
}

async function begin(db: Postgres, print: Collecting['print']): Promise<void> {
  for (const statement of [
    readOnly,
    "SET LOCAL statement_timeout TO '20s'",
    "SET LOCAL lock_timeout TO '1s'",
  ]) {
    print(statement)
    await db.run(statement)
  }
}

async function likely(ask: (query: string) => Promise<Record<string, unknown>[]>): Promise<string[][]> {
  const found = await ask(tables)
  return found.flatMap(({ table_schema: schema, table_name: name }) => {
    const kind = kindOfFile(`${String(name)}.jsonl`, { columns: [], isAccessLog: false })
    const isWanted = kind === 'effects' || kind === 'requests' || kind === 'deliveries'
    return isWanted ? [[String(schema), String(name)]] : []
  })
}
