import type { PostgresFacts } from './postgres.ts'

/** The part of a `pg` client that is needed. */
export interface QueryClient {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
}

/** How the ledger's own tables are called, which the store knows. */
export interface LedgerTables {
  readonly names: readonly string[]
  readonly lineageQuery: string
  readonly versionQuery: string
}

/** Reads each fact by itself: a role, or a relative of PostgreSQL, that answers one question less answers the others. */
export async function readPostgresFacts(client: QueryClient, tables: LedgerTables): Promise<PostgresFacts> {
  const ask = async (
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Record<string, unknown> | undefined> => {
    const answer = await client.query(sql, values).catch(() => undefined)
    return answer?.rows[0]
  }
  const setting = async (name: string): Promise<string | null> =>
    text((await ask('SELECT current_setting($1, true) AS setting', [name]))?.['setting'])
  const inRecovery = (await ask('SELECT pg_is_in_recovery() AS yes'))?.['yes'] === true
  const standbys = await ask(standbysQuery)
  const lineage = await ask(tables.lineageQuery)
  return {
    serverVersion: (await setting('server_version')) ?? 'unknown',
    inRecovery,
    fsync: await setting('fsync'),
    fullPageWrites: await setting('full_page_writes'),
    synchronousCommit: await setting('synchronous_commit'),
    synchronousStandbyNames: await setting('synchronous_standby_names'),
    maxConnections: number(await setting('max_connections')),
    standbysSeen: number(standbys?.['seen']),
    synchronousStandbysSeen: number(standbys?.['synchronous']),
    timeline: inRecovery ? null : timelineOf(text((await ask(walFileQuery))?.['file'])),
    schemaVersion: number((await ask(tables.versionQuery))?.['version']),
    unloggedTables: await unloggedTables(client, tables.names),
    lineage:
      lineage === undefined ? null : { epoch: Number(lineage['epoch']), nonce: String(lineage['nonce']) },
  }
}

/** Rows whose state is hidden from this role count for nothing: then nobody knows. */
const standbysQuery = `SELECT CASE WHEN count(*) FILTER (WHERE state IS NULL) > 0 THEN NULL
  ELSE count(*) FILTER (WHERE state = 'streaming') END AS seen,
  CASE WHEN count(*) FILTER (WHERE state IS NULL) > 0 THEN NULL
  ELSE count(*) FILTER (WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')) END AS synchronous
  FROM pg_stat_replication`

/** The name's first eight digits are the timeline in use now; pg_control_checkpoint() would lag behind it. */
const walFileQuery = 'SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS file'

function timelineOf(file: string | null): number | null {
  return file === null ? null : Number.parseInt(file.slice(0, 8), 16)
}

async function unloggedTables(client: QueryClient, names: readonly string[]): Promise<string[]> {
  const query = `SELECT c.relname AS name FROM pg_class c
    WHERE c.relpersistence <> 'p' AND c.relkind = 'r' AND c.oid = ANY (SELECT to_regclass(n) FROM unnest($1::text[]) n)
    ORDER BY 1`
  const answer = await client.query(query, [names]).catch(() => undefined)
  return (answer?.rows ?? []).map((row) => String(row['name']))
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function number(value: unknown): number | null {
  if (value === null || value === undefined) return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}
