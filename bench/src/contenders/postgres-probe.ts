import { Client } from 'pg'

/** A connection of the bench's own: empties tables, asks for checkpoints, reads the log's position. */
export class PostgresProbe {
  readonly url: string
  readonly #client: Client

  private constructor(url: string, client: Client) {
    this.url = url
    this.#client = client
  }

  static async connect(url: string): Promise<PostgresProbe> {
    const client = new Client({ connectionString: url, application_name: 'onceward-bench' })
    await client.connect()
    return new PostgresProbe(url, client)
  }

  query(text: string, values: readonly unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> {
    return this.#client.query(text, [...values])
  }

  /** The table of entries, wherever the store puts it. */
  async entriesTable(): Promise<string> {
    const { rows } = await this.query(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE tablename LIKE '%entries' AND schemaname NOT IN ('pg_catalog', 'information_schema', 'pgboss', 'dbos')`,
    )
    if (rows.length !== 1) throw new Error(`one table of entries was expected, there are ${rows.length}`)
    return String(rows[0]?.['name'])
  }

  async empty(): Promise<void> {
    await this.query(`TRUNCATE ${await this.entriesTable()}`)
  }

  /** So that nobody pays for the writes of whoever was measured before. */
  async checkpoint(): Promise<void> {
    await this.query('CHECKPOINT')
  }

  async logBytes(): Promise<number> {
    const { rows } = await this.query(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes`)
    return Number(rows[0]?.['bytes'])
  }

  close(): Promise<void> {
    return this.#client.end()
  }
}
