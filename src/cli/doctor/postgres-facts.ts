import type { LedgerTables } from './postgres-tables.ts'
import type { PoolMode } from './pool-mode.ts'

/** What the durability of a PostgreSQL rests on, as far as this role may see it; null is what it may not see. */
export interface PostgresFacts {
  readonly serverVersion: string
  readonly encoding: string | null
  readonly inRecovery: boolean
  readonly readOnly: string | null
  readonly fsync: string | null
  readonly fullPageWrites: string | null
  readonly synchronousCommit: string | null
  readonly synchronousStandbyNames: string | null
  readonly maxConnections: number | null
  /** Of those, what an ordinary role may use: less those reserved. */
  readonly usableConnections: number | null
  /** Connections that an ordinary role could still open. */
  readonly freeConnections: number | null
  /** Standbys that stream. */
  readonly standbysSeen: number | null
  /** Those of them a commit waits for. */
  readonly synchronousStandbysSeen: number | null
  /** Replication slots of standbys, connected or not. */
  readonly physicalSlots: number | null
  readonly timeline: number | null
  /** The timeline on which the ledger's lineage began. */
  readonly lineageTimeline: number | null
  readonly schemaVersion: number | null
  readonly unloggedTables: readonly string[]
  readonly missingPrivileges: readonly string[] | null
  readonly poolMode: PoolMode | null
  /** The server's clock less ours, and by how much that may be wrong. */
  readonly clockDifferenceMs: number | null
  readonly clockUncertaintyMs: number
  readonly lineage: { readonly epoch: number; readonly nonce: string } | null
}

/** The part of a `pg` client that is needed. */
export interface QueryClient {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
}

/** What is not asked of the one connection. */
export interface FactsElsewhere {
  readonly tables: LedgerTables
  readonly poolMode: PoolMode | null
  /** This machine's clock. */
  readonly nowMs: () => number
}

type Row = Record<string, unknown>

/** Reads each fact by itself: a role, or a relative of PostgreSQL, that answers one question less answers the others. */
export async function readPostgresFacts(
  client: QueryClient,
  elsewhere: FactsElsewhere,
): Promise<PostgresFacts> {
  const { tables } = elsewhere
  const rowsOf = async (sql: string, values: readonly unknown[] = []): Promise<readonly Row[] | null> =>
    client.query(sql, values).then(
      ({ rows }) => rows,
      () => null,
    )
  const ask = async (sql: string, values?: readonly unknown[]): Promise<Row | undefined> =>
    (await rowsOf(sql, values))?.[0]
  const setting = async (name: string): Promise<string | null> =>
    text((await ask('SELECT current_setting($1, true) AS setting', [name]))?.['setting'])
  const inRecovery = (await ask('SELECT pg_is_in_recovery() AS yes'))?.['yes'] === true
  const standbys = await ask(standbysQuery)
  const lineage = await ask(tables.lineageQuery)
  const names = Object.keys(tables.privileges)
  return {
    serverVersion: (await setting('server_version')) ?? 'unknown',
    encoding: await setting('server_encoding'),
    inRecovery,
    readOnly: await setting('default_transaction_read_only'),
    fsync: await setting('fsync'),
    fullPageWrites: await setting('full_page_writes'),
    synchronousCommit: await setting('synchronous_commit'),
    synchronousStandbyNames: await setting('synchronous_standby_names'),
    maxConnections: number(await setting('max_connections')),
    usableConnections: number((await ask(usableConnectionsQuery))?.['usable']),
    freeConnections: number((await ask(freeConnectionsQuery))?.['free']),
    standbysSeen: number(standbys?.['seen']),
    synchronousStandbysSeen: number(standbys?.['synchronous']),
    physicalSlots: number((await ask(slotsQuery))?.['slots']),
    timeline: inRecovery ? null : timelineOf(text((await ask(walFileQuery))?.['file'])),
    lineageTimeline: timelineOf(text(lineage?.['timeline'])),
    schemaVersion: number((await ask(tables.versionQuery))?.['version']),
    unloggedTables: ((await rowsOf(unloggedQuery, [names])) ?? []).map((row) => String(row['name'])),
    missingPrivileges: missingPrivileges(tables, await rowsOf(privilegesQuery, [names])),
    poolMode: elsewhere.poolMode,
    ...(await clockDifference(client, elsewhere.nowMs)),
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

const slotsQuery = "SELECT count(*) AS slots FROM pg_replication_slots WHERE slot_type = 'physical'"

/** The name's first eight digits are the timeline in use now; pg_control_checkpoint() would lag behind it. */
const walFileQuery = 'SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS file'

const usableConnectionsQuery = `SELECT current_setting('max_connections')::int
  - current_setting('superuser_reserved_connections')::int
  - coalesce(current_setting('reserved_connections', true)::int, 0) AS usable`

/** Our own connection is not counted: it goes when the question is answered. */
const freeConnectionsQuery = `SELECT current_setting('max_connections')::int
  - current_setting('superuser_reserved_connections')::int
  - coalesce(current_setting('reserved_connections', true)::int, 0)
  - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS free`

const unloggedQuery = `SELECT c.relname AS name FROM pg_class c
  WHERE c.relpersistence <> 'p' AND c.relkind = 'r' AND c.oid = ANY (SELECT to_regclass(n) FROM unnest($1::text[]) n)
  ORDER BY 1`

/** What this role may do to each table that is there, and whether it may make those that are not. */
const privilegesQuery = `SELECT n AS name, to_regclass(n) IS NOT NULL AS is_there, p AS privilege,
    CASE WHEN to_regclass(n) IS NULL THEN coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
    ELSE has_table_privilege(to_regclass(n), p) END AS has
  FROM unnest($1::text[]) n CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p`

function missingPrivileges(
  { privileges }: LedgerTables,
  rows: readonly Row[] | null,
): readonly string[] | null {
  if (rows === null) return null
  const missing = rows
    .filter((row) => row['has'] !== true)
    .filter(
      (row) =>
        row['is_there'] !== true || privileges[String(row['name'])]?.includes(String(row['privilege'])),
    )
    .map((row) =>
      row['is_there'] === true
        ? `${String(row['privilege'])} on ${String(row['name'])}`
        : 'CREATE on the schema',
    )
  return [...new Set(missing)]
}

type ClockFacts = Pick<PostgresFacts, 'clockDifferenceMs' | 'clockUncertaintyMs'>

async function clockDifference(client: QueryClient, nowMs: () => number): Promise<ClockFacts> {
  const beforeMs = nowMs()
  const answer = await client
    .query("SELECT date_part('epoch', clock_timestamp()) * 1000 AS now")
    .catch(() => undefined)
  const afterMs = nowMs()
  const serverMs = number(answer?.rows[0]?.['now'])
  const clockUncertaintyMs = Math.ceil((afterMs - beforeMs) / 2)
  if (serverMs === null) return { clockDifferenceMs: null, clockUncertaintyMs }
  return { clockDifferenceMs: Math.round(serverMs - (beforeMs + afterMs) / 2), clockUncertaintyMs }
}

function timelineOf(file: string | null): number | null {
  return file === null ? null : Number.parseInt(file.slice(0, 8), 16)
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function number(value: unknown): number | null {
  if (value === null || value === undefined) return null
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : null
}
