import type { Client } from 'pg'

/** What stands between a connection and the server, by what it lets a session keep. */
export type PoolMode = 'none' | 'session' | 'transaction' | 'statement'

/**
 * Finds out by what two connections, open at once, get: a pooler gives the process id of a backend of its own making,
 * two connections on one backend are pooled by transaction, and one that cannot begin a transaction is pooled by
 * statement. Null where it cannot be told.
 */
export async function findPoolMode(
  first: Client,
  connectSecond: () => Promise<Client>,
): Promise<PoolMode | null> {
  const before = await backendOf(first)
  if (before === null) return null
  const second = await connectSecond().catch(() => undefined)
  if (second === undefined) return null
  try {
    const canBegin = await second.query('BEGIN').then(
      () => true,
      () => false,
    )
    if (!canBegin) return 'statement'
    // The second holds its backend until its transaction ends; the first, if it is pooled, gets another by then.
    const held = await backendOf(second)
    const after = await backendOf(first)
    if (held === null || after === null) return null
    if (held === before || before !== after) return 'transaction'
    return told(first) === before ? 'none' : 'session'
  } finally {
    await second.end()
  }
}

async function backendOf(client: Client): Promise<number | null> {
  const answer = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid').catch(() => undefined)
  return answer?.rows[0]?.pid ?? null
}

/** The process id that the connection was told when it began, which a query would be cancelled by. */
function told(client: Client): unknown {
  return 'processID' in client ? client.processID : undefined
}
