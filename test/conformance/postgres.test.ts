import { randomBytes } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { postgresStore } from '../../src/stores/postgres/index.ts'
import { runStoreContract, type StoreUnderTest } from '../../src/testing/index.ts'
import { quietPool, type TestDatabase, testDatabase } from '../support/postgres.ts'

let database: TestDatabase
/** The caller's own pool, which both the ledger and the caller's SQL use. */
let pool: Pool

beforeAll(async () => {
  database = await testDatabase()
  pool = quietPool({ connectionString: database.url, max: 20 })
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

/** A schema of its own for each place; the caller's rows are in a table beside the ledger's. */
const postgresUnderTest: StoreUnderTest = {
  name: 'postgres',
  traits: ['shared', 'durable', 'transactions'],
  create: async () => {
    const schema = `place_${randomBytes(6).toString('hex')}`
    await pool.query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.user_rows (text text NOT NULL)`)
    return {
      connect: () => postgresStore({ pool, schema }),
      userRows: {
        insert: async (client, text) => {
          await (client as PoolClient).query(`INSERT INTO ${schema}.user_rows VALUES ($1)`, [text])
        },
        list: async () => {
          const { rows } = await pool.query<{ text: string }>(`SELECT text FROM ${schema}.user_rows`)
          return rows.map(({ text }) => text)
        },
      },
      destroy: async () => {
        await pool.query(`DROP SCHEMA ${schema} CASCADE`)
      },
    }
  },
}

runStoreContract({ describe, it }, postgresUnderTest)
