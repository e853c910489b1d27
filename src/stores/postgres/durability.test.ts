import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClaimRequest } from '../../ledger/store.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../testing/embedded-postgres.ts'
import { postgresStore } from './index.ts'

const waitsForNobody = '-c synchronous_commit=local'

/** A server whose commits wait for a standby that is not there. */
let server: EmbeddedPostgres
let operator: Client

beforeAll(async () => {
  server = await startEmbeddedPostgres({
    fsync: false,
    settings: { synchronous_standby_names: 'a_standby_that_is_not_there' },
  })
  const maker = postgresStore({ url: `${server.url}?options=${encodeURIComponent(waitsForNobody)}` })
  await maker.open()
  await maker.close()
  operator = new Client({ connectionString: server.url, options: waitsForNobody })
  await operator.connect()
})
afterAll(async () => {
  await operator.end()
  await server.stop()
})

/** Ends the one wait for the standby, once there is one. */
async function endWait(how: 'pg_cancel_backend' | 'pg_terminate_backend'): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const { rows } = await operator.query<{ done: boolean }>(
      `SELECT ${how}(pid) AS done FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    )
    if (rows[0]?.done === true) return
    await sleep(10)
  }
  throw new Error('nobody waits for the standby')
}

test.each(['pg_cancel_backend', 'pg_terminate_backend'] as const)(
  'a commit whose wait for the synchronous standby is ended by %s is lost, though it can be seen',
  async (how) => {
    const store = postgresStore({ url: server.url })
    try {
      await store.open()
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
      await endWait(how)
      expect(await claiming).toMatchObject({ kind: 'lost' })
      // Reads wait for nobody: the row is there, and may be gone after a failover.
      expect((await store.read([request.ref])).results).toMatchObject([{ owner: 'me' }])
    } finally {
      await store.close()
    }
  },
)
