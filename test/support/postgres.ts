import { Client, Pool, type PoolConfig } from 'pg'
import { inject } from 'vitest'
import { randomBytes } from 'node:crypto'

/** A database of its own on the one embedded PostgreSQL that a whole test run shares. */
export interface TestDatabase {
  readonly url: string
  /** Runs SQL on a connection of the caller's own. */
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** Cuts every connection to it and removes it. */
  drop(): Promise<void>
}

/** Makes a fresh database. The first call of a run starts the server (test/support/global-setup.ts). */
export async function testDatabase(): Promise<TestDatabase> {
  const serverUrl = await serverUrlOf(inject('postgresBroker'))
  const name = `test_${randomBytes(6).toString('hex')}`
  await on(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    query: (text, values) => on(url.href, text, values),
    drop: async () => {
      await on(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

/** A pool that minds no connection that ends: the database is dropped with them, which is not news to anybody. */
export function quietPool(config: PoolConfig): Pool {
  const pool = new Pool(config)
  pool.on('error', () => undefined)
  // One that is still closing has left the pool, and nobody else listens to it.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

async function serverUrlOf(brokerUrl: string): Promise<string> {
  const answer = await fetch(brokerUrl)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

async function on(url: string, text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  // A database that is dropped cuts its connections, which is not news to anybody.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows
  } finally {
    await client.end()
  }
}
