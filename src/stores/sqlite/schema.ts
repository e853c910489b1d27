import type { DatabaseSync } from 'node:sqlite'
import type { Runtime } from '../../kernel/runtime.ts'
import { type Lineage, StoreFault } from '../../ledger/store.ts'

export const schemaVersion = 2

/** Order is the order of `columns` in rows.ts. Times are milliseconds since the epoch. */
const tables = `
CREATE TABLE IF NOT EXISTS onceward_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS onceward_lineage (
  id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, nonce TEXT NOT NULL, began_at_ms INTEGER
);
CREATE TABLE IF NOT EXISTS onceward_entries (
  ref TEXT NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL, operation TEXT NOT NULL, key TEXT NOT NULL, subject TEXT,
  state TEXT NOT NULL, safety TEXT NOT NULL, fingerprint TEXT NOT NULL,
  owner TEXT NOT NULL, epoch INTEGER NOT NULL, attempt INTEGER NOT NULL, round INTEGER NOT NULL,
  rev INTEGER NOT NULL, owner_write INTEGER NOT NULL,
  lease_ms INTEGER NOT NULL, lease_until_ms INTEGER NOT NULL,
  claimed_at_ms INTEGER NOT NULL, first_send_ms INTEGER, finished_at_ms INTEGER,
  earlier_unknown INTEGER NOT NULL, value_kept INTEGER NOT NULL, retain_ms INTEGER NOT NULL,
  buried_state TEXT, settled_digest TEXT, value BLOB, error TEXT, steps TEXT, doubt TEXT, resolution TEXT, claimed_epoch INTEGER
);
CREATE INDEX IF NOT EXISTS onceward_open ON onceward_entries (lease_until_ms)
  WHERE finished_at_ms IS NULL;
CREATE INDEX IF NOT EXISTS onceward_due ON onceward_entries (finished_at_ms + retain_ms)
  WHERE finished_at_ms IS NOT NULL AND buried_state IS NULL;
CREATE INDEX IF NOT EXISTS onceward_buried ON onceward_entries (finished_at_ms + retain_ms)
  WHERE buried_state IS NOT NULL;
CREATE INDEX IF NOT EXISTS onceward_subject ON onceward_entries (subject, fingerprint)
  WHERE subject IS NOT NULL;
CREATE TABLE IF NOT EXISTS onceward_records (
  stream TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, at_ms INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (stream, id)
) WITHOUT ROWID;
`

/** What version 2 adds to a ledger of version 1, whose instances may go on beside it. */
const toVersion2 = `
ALTER TABLE onceward_lineage ADD COLUMN began_at_ms INTEGER;
ALTER TABLE onceward_entries ADD COLUMN claimed_epoch INTEGER;
DROP TABLE IF EXISTS onceward_watermarks;
UPDATE onceward_meta SET value = '2' WHERE name = 'schema_version';
`

/** Reads the version, `undefined` where there is no ledger yet. */
export function readVersion(db: DatabaseSync): number | undefined {
  const table = db
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'onceward_meta'")
    .get()
  if (table === undefined) return undefined
  const row = db.prepare("SELECT value FROM onceward_meta WHERE name = 'schema_version'").get()
  return row === undefined ? undefined : Number(row['value'])
}

/** Throws `incompatible` for a newer ledger. */
export function checkVersion(version: number | undefined, path: string): void {
  if (version === undefined || version <= schemaVersion) return
  const message = `${path} holds a ledger of schema ${version}; this version of Onceward knows up to ${schemaVersion}. Use a newer one.`
  throw new StoreFault('incompatible', message)
}

/** Makes what is missing. Called inside a write transaction, so that two processes starting at once do it once. */
export function createSchema(db: DatabaseSync, runtime: Runtime, path: string): Lineage {
  const version = readVersion(db)
  checkVersion(version, path)
  if (version === 1) db.exec(toVersion2)
  db.exec(tables)
  db.prepare("INSERT OR IGNORE INTO onceward_meta (name, value) VALUES ('schema_version', ?)").run(
    String(schemaVersion),
  )
  const nonce = Buffer.from(runtime.randomBytes(16)).toString('base64url')
  db.prepare('INSERT OR IGNORE INTO onceward_lineage (id, epoch, nonce) VALUES (1, 1, ?)').run(nonce)
  return readLineage(db)
}

export const lineageSql = 'SELECT epoch, nonce, began_at_ms FROM onceward_lineage WHERE id = 1'

function readLineage(db: DatabaseSync): Lineage {
  return lineageOf(db.prepare(lineageSql).get())
}

export function lineageOf(row: Readonly<Record<string, unknown>> | undefined): Lineage {
  if (row === undefined) throw new StoreFault('incompatible', 'the ledger has lost its lineage row')
  const beganAtMs = row['began_at_ms']
  return {
    epoch: Number(row['epoch']),
    nonce: String(row['nonce']),
    ...(beganAtMs === null ? {} : { beganAtMs: Number(beganAtMs) }),
  }
}
