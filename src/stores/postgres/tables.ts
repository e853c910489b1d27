import type { Tables } from './database.ts'

/** What this code writes and reads. A database with a higher number belongs to a newer Onceward. */
export const schemaVersion = 2

/** The server's clock, milliseconds since the epoch. One value per statement, so that all rows of a batch agree. */
export const serverMs = `floor(date_part('epoch', statement_timestamp()) * 1000)::bigint`

/**
 * The state of a row, said so that a condition on it does not imply that of the index on open rows. PostgreSQL 13 takes
 * that index, while the table is empty, for rows that are named by their ref, and keeps the plan.
 */
export const stateUnindexed = '(e.state + 0)'

/** Keys, refs and cursors are compared byte by byte, whatever the database's locale. */
const text = 'text COLLATE "C"'

/**
 * The timeline that the server writes on, as text; NULL on a standby. A promotion and a point-in-time restore begin
 * another one. Engines without these functions are recognised when the store is opened.
 */
export const timelineSql =
  'CASE WHEN pg_is_in_recovery() THEN NULL ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END'

/** What each version adds to the one before. A version is never changed once released. */
export function migrations(tables: Tables): readonly (readonly string[])[] {
  return [
    [...smallTables(tables), entriesTable(tables), ...entriesIndexes(tables), ...recordsTable(tables)],
    // Version 2: recall. Columns that are added are NULL, which rewrites nothing.
    [
      `ALTER TABLE ${tables.lineage} ADD COLUMN IF NOT EXISTS began_at_ms bigint`,
      `ALTER TABLE ${tables.entries} ADD COLUMN IF NOT EXISTS claimed_epoch bigint`,
      `DROP TABLE IF EXISTS ${tables.watermarks}`,
    ],
  ]
}

function smallTables({ meta, lineage, watermarks }: Tables): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${meta} (
  name ${text} PRIMARY KEY,
  value ${text} NOT NULL
)`,
    `CREATE TABLE IF NOT EXISTS ${lineage} (
  id smallint PRIMARY KEY CHECK (id = 1),
  epoch bigint NOT NULL,
  nonce ${text} NOT NULL,
  timeline ${text}
)`,
    `CREATE TABLE IF NOT EXISTS ${watermarks} (
  worker ${text} PRIMARY KEY,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  at_ms bigint NOT NULL
)`,
  ]
}

/** Columns of fixed width and always there come first: the server finds them without walking the row. */
function entriesTable({ entries }: Tables): string {
  return `CREATE TABLE IF NOT EXISTS ${entries} (
  claimed_at_ms bigint NOT NULL,
  lease_until_ms bigint NOT NULL,
  lease_ms bigint NOT NULL,
  retain_ms bigint NOT NULL,
  epoch bigint NOT NULL,
  attempt integer NOT NULL,
  round integer NOT NULL,
  rev integer NOT NULL,
  owner_write integer NOT NULL,
  state smallint NOT NULL,
  safety smallint NOT NULL,
  earlier_unknown boolean NOT NULL,
  value_kept boolean NOT NULL,
  ref ${text} PRIMARY KEY,
  scope ${text} NOT NULL,
  operation ${text} NOT NULL,
  key ${text} NOT NULL,
  fingerprint ${text} NOT NULL,
  owner ${text} NOT NULL,
  subject ${text},
  first_send_ms bigint,
  finished_at_ms bigint,
  settled_digest ${text},
  value bytea,
  error ${text},
  steps ${text},
  doubt_since_ms bigint,
  doubt_why ${text},
  resolved_at_ms bigint,
  resolution ${text},
  buried_state smallint
) WITH (fillfactor = 90)`
}

/**
 * Partial, and each leads with a column of its own, so that none of them looks as good as the primary key to a planner
 * that knows nothing of the table yet. Steps and renewals change no indexed column: such a row stays on its page (HOT)
 * while there is room, hence the fill factor, and hence no index on `lease_until_ms`.
 */
function entriesIndexes({ entries }: Tables): readonly string[] {
  return [
    `CREATE INDEX IF NOT EXISTS onceward_entries_open ON ${entries} (claimed_at_ms, ref) WHERE state < 3`,
    `CREATE INDEX IF NOT EXISTS onceward_entries_subject ON ${entries} (subject, fingerprint) WHERE subject IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS onceward_entries_due ON ${entries} (scope, state, (finished_at_ms + retain_ms)) WHERE state > 3`,
  ]
}

function recordsTable({ records }: Tables): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${records} (
  stream ${text} NOT NULL,
  id ${text} NOT NULL,
  version integer NOT NULL,
  at_ms bigint NOT NULL,
  body ${text} NOT NULL,
  PRIMARY KEY (stream, id)
)`,
    `CREATE INDEX IF NOT EXISTS onceward_records_age ON ${records} (at_ms)`,
  ]
}
