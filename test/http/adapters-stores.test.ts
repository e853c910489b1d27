import { join } from 'node:path'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { postgresStore } from '../../src/stores/postgres/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { runAdapterContract } from '../../src/testing/index.ts'
import { quietPool, type TestDatabase, testDatabase } from '../support/postgres.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { fastifyAdapter } from './adapters/fastify.ts'
import { nodeAdapter } from './adapters/node.ts'

/** What holds in memory holds on stores that answer later. */
runAdapterContract({ describe, it }, nodeAdapter, {
  on: 'SQLite',
  openStore: () => sqliteStore({ path: join(temporaryDirectory(), 'ledger.db') }),
})

describe('with PostgreSQL', () => {
  let database: TestDatabase
  let pool: Pool
  beforeAll(async () => {
    database = await testDatabase()
    pool = quietPool({ connectionString: database.url, max: 5 })
    await postgresStore({ pool }).open()
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })
  for (const adapter of [nodeAdapter, fastifyAdapter]) {
    runAdapterContract({ describe, it }, adapter, {
      on: 'PostgreSQL',
      openStore: async () => {
        await pool.query('TRUNCATE onceward_entries')
        return postgresStore({ pool })
      },
    })
  }
})
