import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../testing/embedded-postgres.ts'
import type { ClaimRequest } from '../../ledger/store.ts'
import { postgresStore } from './index.ts'

let server: EmbeddedPostgres
/** An operator's own connection: its commits wait for nobody. */
let operator: Client

beforeAll(async () => {
  server = await startEmbeddedPostgres({ fsync: false, settings: { synchronous_commit: 'on' } })
  operator = new Client({ connectionString: server.url, options: '-c synchronous_commit=local' })
  await operator.connect()
})
afterAll(async () => {
  await operator.end()
  await server.stop()
})

/** Cancels the store's wait for a standby, once it waits. */
async function cancelWait(how: 'pg_cancel_backend' | 'pg_terminate_backend'): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const { rows } = await operator.query<{ done: boolean }>(
      `SELECT ${how}(pid) AS done FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    )
    if (rows[0]?.done === true) return
  }
  throw new Error('nobody waits for the standby')
}

test.each(['pg_cancel_backend', 'pg_terminate_backend'] as const)(
  'a commit whose wait for the synchronous standby is ended by %s is lost, though it can be seen',
  async (how) => {
    const store = postgresStore({ url: server.url })
    await store.open()
    await operator.query(`ALTER SYSTEM SET synchronous_standby_names = 'a_standby_that_is_not_there'`)
    await operator.query('SELECT pg_reload_conf()')
    for (let tries = 0; tries < 1000; tries += 1) {
      const { rows } = await operator.query<Record<string, string>>('SHOW synchronous_standby_names')
      if (rows[0]?.['synchronous_standby_names'] !== '') break
    }
    try {
      const request: ClaimRequest = {
        ref: `waiting-${how}`,
        scope: 'shop',
        operation: 'charge',
        key: how,
        fingerprint: '',
        safety: 'keyed',
        to: 'started',
        owner: 'me',
        leaseMs: 60_000,
        retainMs: 60_000,
      }
      const claiming = store.claim([request]).catch((error: unknown) => error)
      await cancelWait(how)
      expect(await claiming).toMatchObject({ kind: 'lost' })
      // Reads wait for nobody: the row is there, and may be gone after a failover.
      expect((await store.read([request.ref])).results).toMatchObject([{ owner: 'me' }])
    } finally {
      await operator.query('ALTER SYSTEM RESET synchronous_standby_names')
      await operator.query('SELECT pg_reload_conf()')
      await store.close()
    }
  },
)
