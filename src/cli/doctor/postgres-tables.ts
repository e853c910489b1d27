/** How the ledger's own tables are called, and what an instance does to them. */
export interface LedgerTables {
  /** What a role must be allowed to do, by table. */
  readonly privileges: Readonly<Record<string, readonly string[]>>
  readonly lineageQuery: string
  readonly versionQuery: string
}

const all = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']

/** What the PostgreSQL store makes (src/stores/postgres/tables.ts). */
export const ledgerTables: LedgerTables = {
  privileges: {
    onceward_entries: all,
    onceward_records: all,
    // A failover is written down by whoever finds it.
    onceward_lineage: ['SELECT', 'UPDATE'],
    onceward_meta: ['SELECT'],
  },
  lineageQuery: 'SELECT epoch, nonce, timeline FROM onceward_lineage WHERE id = 1',
  versionQuery: "SELECT value AS version FROM onceward_meta WHERE name = 'schema_version'",
}
