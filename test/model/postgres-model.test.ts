import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { postgresStore } from '../../src/stores/postgres/index.ts'
import { quietPool, type TestDatabase, testDatabase } from '../support/postgres.ts'
import { compareWithReference, type ModelSubject, runs } from './store-model.ts'

let database: TestDatabase
let pool: Pool

beforeAll(async () => {
  database = await testDatabase()
  pool = quietPool({ connectionString: database.url, max: 4 })
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

const postgres: ModelSubject = {
  name: 'postgres',
  clock: 'own',
  create: async () => {
    const schema = `model_${randomBytes(6).toString('hex')}`
    await pool.query(`CREATE SCHEMA ${schema}`)
    return {
      connect: () => postgresStore({ pool, schema }),
      lose: async (refs) => {
        await pool.query(`DELETE FROM ${schema}.onceward_entries WHERE ref = ANY ($1)`, [refs])
      },
      destroy: async () => {
        await pool.query(`DROP SCHEMA ${schema} CASCADE`)
      },
    }
  },
}

/** Each command waits for a moment of its own, so there are fewer runs than on a store that is told the time. */
const numRuns = Math.max(60, Math.ceil(runs() / 6))

describe('the same commands', () => {
  it(
    'do the same to PostgreSQL and to the reference',
    () => compareWithReference(postgres, numRuns),
    60_000 + numRuns * 3000,
  )
})
