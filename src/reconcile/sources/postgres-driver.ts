import { messageOf, OncewardError } from '../../kernel/errors.ts'
import type { Cell, Row } from './source.ts'

/** What is used of `pg`, an optional peer. */
interface PgClient {
  connect(): Promise<void>
  query(text: string | { text: string; values?: readonly unknown[]; rowMode?: 'array' }): Promise<PgResult>
  on(event: 'error', listener: (error: Error) => void): unknown
  end(): Promise<void>
}

interface PgResult {
  readonly rows: unknown[]
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

export interface Postgres {
  run(this: void, statement: string): Promise<void>
  /** One answer, all of it. */
  ask(
    this: void,
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; fields: PgResult['fields'] }>
  /** Rows by a cursor, so that no result has to fit into memory. */
  query(this: void, text: string): AsyncGenerator<Row[], void, undefined>
  close(this: void): Promise<void>
}

const connectTimeoutMs = 10_000
const fetchRows = 10_000

/**
 * One connection with a transaction that reads only and sees one state of the data. Throws `SOURCE_UNAVAILABLE` where
 * the server cannot be reached or refuses; no message holds the password.
 */
export async function openPostgres(url: string, name: string): Promise<Postgres> {
  const client = await connected(url, name)
  const run = async (statement: string): Promise<void> => {
    await asked(client, statement)
  }
  let cursors = 0
  return {
    run,
    ask: async (text, values = []) => {
      const { rows, fields } = await asked(client, { text, values, rowMode: 'array' })
      return { rows: rows as Cell[][], fields }
    },
    query: async function* (text) {
      const cursor = `onceward_${++cursors}`
      await run(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${text}`)
      for (;;) {
        const { rows } = await asked(client, { text: `FETCH ${fetchRows} FROM ${cursor}`, rowMode: 'array' })
        if (rows.length === 0) break
        yield rows as Cell[][]
      }
      await run(`CLOSE ${cursor}`)
    },
    close: () => client.end().catch(() => undefined),
  }
}

/** Begins what a whole audit reads in: nothing is written, and everything is of one moment. */
export const readOnly = 'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY'

async function connected(url: string, name: string): Promise<PgClient> {
  const Client = await loadClient()
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'onceward audit',
  })
  // A broken connection is told by the query that it breaks.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query("SET datestyle TO ISO; SET TimeZone TO 'UTC'; SET client_encoding TO 'UTF8'")
  } catch (error) {
    await client.end().catch(() => undefined)
    const message = `${name} cannot be reached: ${messageOf(error)}`
    throw new OncewardError('SOURCE_UNAVAILABLE', message, { cause: withoutSecrets(error) })
  }
  return client
}

/** A driver's error may carry what it was configured with. */
function withoutSecrets(error: unknown): Error {
  return new Error(messageOf(error))
}

async function asked(client: PgClient, query: Parameters<PgClient['query']>[0]): Promise<PgResult> {
  try {
    return await client.query(query)
  } catch (error) {
    const code = (error as { code?: unknown }).code
    const isLost =
      typeof code !== 'string' || code.startsWith('08') || code.startsWith('57P') || code.startsWith('E')
    throw new OncewardError(
      isLost ? 'SOURCE_UNAVAILABLE' : 'SOURCE_INVALID',
      `PostgreSQL: ${messageOf(error)}`,
      {
        details: { ...(typeof code === 'string' && { sqlState: code }) },
        cause: withoutSecrets(error),
      },
    )
  }
}

type ClientConstructor = new (config: object) => PgClient

async function loadClient(): Promise<ClientConstructor> {
  try {
    const name = 'pg'
    const loaded = (await import(name)) as { default: { Client: ClientConstructor } }
    return loaded.default.Client
  } catch (error) {
    const message = 'PostgreSQL needs the package pg: npm install pg'
    throw new OncewardError('DEPENDENCY_MISSING', message, { cause: error })
  }
}
