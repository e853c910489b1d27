import type { Client } from 'pg'
import { OncewardError } from '../kernel/errors.ts'

type SqlRow = Readonly<Record<string, unknown>>

/** One connection, for several statements in one session. A connection that breaks fails the statement under way. */
export async function onPostgres<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const PgClient = await loadClient()
  const client = new PgClient({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** One statement on a connection of its own. */
export function askPostgres(url: string, text: string, values: unknown[] = []): Promise<readonly SqlRow[]> {
  return onPostgres(url, async (client) => (await client.query<SqlRow>(text, values)).rows)
}

/**
 * Asks one question on one connection until the answer, the first column of the first row, is what is wanted. Rejects
 * after `timeoutMs` with `what` and the last answer.
 */
export function untilAnswer(
  url: string,
  question: { readonly text: string; readonly values?: unknown[]; readonly what: string },
  timeoutMs = 60_000,
): Promise<void> {
  return onPostgres(url, async (client) => {
    const giveUpAtMs = performance.now() + timeoutMs
    for (;;) {
      const { rows } = await client.query<SqlRow>(question.text, question.values)
      const [answer] = Object.values(rows[0] ?? {})
      if (answer === true) return
      if (performance.now() > giveUpAtMs)
        throw new Error(`${question.what} did not come to be in ${timeoutMs} ms.`)
      await pause(pollMs)
    }
  })
}

/** Between two looks at what the server does in its own time and tells nobody. */
const pollMs = 5

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs)
  })
}

async function loadClient(): Promise<typeof Client> {
  try {
    const { default: pg } = await import('pg')
    return pg.Client
  } catch (cause) {
    const message = 'A pair of PostgreSQL servers needs the package pg: npm install pg'
    throw new OncewardError('DEPENDENCY_MISSING', message, { cause })
  }
}
