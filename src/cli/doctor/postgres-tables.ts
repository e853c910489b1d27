import type { LedgerTables } from './postgres-facts.ts'

/** What the PostgreSQL store makes (src/stores/postgres/schema.ts). */
export const ledgerTables: LedgerTables = {
  names: ['onceward_entries', 'onceward_records', 'onceward_lineage', 'onceward_meta', 'onceward_watermarks'],
  lineageQuery: 'SELECT epoch, nonce FROM onceward_lineage WHERE id = 1',
  versionQuery: "SELECT value AS version FROM onceward_meta WHERE name = 'schema_version'",
}
