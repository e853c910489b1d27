import type { Client } from 'pg'
import { OncewardError } from '../kernel/errors.ts'

const connectTimeoutMs = 5000

/** One connection for a few questions. Rejects with the driver's own error, or `DEPENDENCY_MISSING`. */
export async function connectPostgres(url: string): Promise<Client> {
  const PgClient = await loadClient()
  const client = new PgClient({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  })
  // A connection that breaks between two questions makes their answers unknown, nothing more.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function loadClient(): Promise<typeof Client> {
  try {
    const { default: pg } = await import('pg')
    return pg.Client
  } catch (error) {
    const message = 'PostgreSQL needs the package pg: npm install pg'
    throw new OncewardError('DEPENDENCY_MISSING', message, { cause: error })
  }
}
