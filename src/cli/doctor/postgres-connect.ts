import type { Client } from 'pg'
import { OncewardError } from '../../kernel/errors.ts'
import type { Examination } from './report.ts'
import { judgePostgres, unreachablePostgres } from './postgres.ts'
import { type LedgerTables, readPostgresFacts } from './postgres-facts.ts'

const connectTimeoutMs = 5000

/** Asks a PostgreSQL server what its durability rests on, in one connection that writes nothing. */
export async function examinePostgres(url: string, tables: LedgerTables): Promise<Examination> {
  const PgClient = await loadClient()
  const client = new PgClient({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  })
  // A connection that breaks between two questions makes their answers unknown, nothing more.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    const examination = unreachablePostgres(url, error)
    const [finding] = examination.findings
    return {
      ...examination,
      error: new OncewardError('STORE_UNAVAILABLE', finding?.text ?? 'unreachable', { cause: error }),
    }
  }
  try {
    return judgePostgres(url, await readPostgresFacts(client, tables))
  } finally {
    await client.end()
  }
}

async function loadClient(): Promise<typeof Client> {
  try {
    const { default: pg } = await import('pg')
    return pg.Client
  } catch (error) {
    throw new OncewardError('DEPENDENCY_MISSING', 'PostgreSQL needs the package pg: npm install pg', {
      cause: error,
    })
  }
}
