import type { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Pool } from 'pg'
import type { ListQuery, Store } from '../../src/ledger/store.ts'
import { postgresStore } from '../../src/stores/postgres/index.ts'
import { loadSqlite } from '../../src/stores/sqlite/driver.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'
import { quietPool, type TestDatabase, testDatabase } from '../support/postgres.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'

/** What the server asks of lists, and the index that each is to be answered by. */
const questions: readonly (readonly [string, Partial<ListQuery>, RegExp])[] = [
  ['the newest', {}, /recent/],
  ['a window of time', { fromMs: 1000, toMs: 2000 }, /recent/],
  ['a subject', { subject: 'order:77' }, /subject/],
  ['what is in doubt', { states: ['in_doubt'] }, /open/],
  ['what failed', { states: ['failed'] }, /failed|entries_due/],
  ['an operation, as far as one looks', { operation: 'ship', scan: 500 }, /recent/],
]
const rows = 20_000
const page = { scope: 'shop', limit: 50 }

describe('lists of many entries on sqlite', () => {
  const directory = makeTemporaryDirectory()
  let store: Store
  let db: DatabaseSync

  beforeAll(async () => {
    const path = join(directory.path, 'ledger.db')
    store = sqliteStore({ path })
    await store.open()
    const { DatabaseSync: Sqlite } = loadSqlite()
    const filler = new Sqlite(path)
    filler.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
INSERT INTO onceward_entries (ref, scope, operation, key, subject, state, safety, fingerprint, owner, epoch, attempt, round, rev,
  owner_write, lease_ms, lease_until_ms, claimed_at_ms, finished_at_ms, earlier_unknown, value_kept, retain_ms)
SELECT printf('%024d', i), 'shop', CASE WHEN i % 2000 = 0 THEN 'ship' ELSE 'charge' END, 'k' || i, 'order:' || (i % 9000),
  CASE WHEN i % 5000 = 1 THEN 'in_doubt' WHEN i % 1000 = 2 THEN 'failed' ELSE 'succeeded' END, 'blind', 'f', 'o', 1, 1, 0, 2,
  1, 30000, i, i, CASE WHEN i % 5000 = 1 THEN NULL ELSE i END, 0, 1, 1000000 FROM n`)
    filler.close()
    await store.prepareLists?.()
    // Opened now: EXPLAIN does not notice that the schema has changed.
    db = new Sqlite(path)
  })
  afterAll(async () => {
    db.close()
    await store.close()
    directory.remove()
  })

  it('read no more of the table than they show', async () => {
    for (const [what, query, index] of questions) {
      const texts = await statementsOf(db, () => store.list({ ...page, ...query }))
      const plans = texts.map((sql) =>
        db
          .prepare(`EXPLAIN QUERY PLAN ${sql}`)
          .all(...Array.from({ length: sql.split('?').length - 1 }, () => 1))
          .map((row) => String(row['detail']))
          .join('; '),
      )
      const isServed = plans.every((plan) => index.test(plan))
      expect([what, plans.length > 0, isServed ? '' : plans]).toEqual([what, true, ''])
    }
  })

  it('find all that is asked for, page by page, though a page looks at a part', async () => {
    await findsAll(store)
  })
})

describe('lists of many entries on postgres', () => {
  let database: TestDatabase
  let pool: Pool
  let store: Store
  let texts: Sent[] = []

  beforeAll(async () => {
    database = await testDatabase()
    pool = quietPool({ connectionString: database.url, max: 2 })
    pool.on('connect', (client) => {
      const send = client.query.bind(client) as (query: Sent) => unknown
      client.query = ((query: Sent) => {
        texts.push(query)
        return send(query)
      }) as typeof client.query
    })
    store = postgresStore({ pool })
    await store.open()
    await database.query(`INSERT INTO onceward_entries (claimed_at_ms, lease_until_ms, lease_ms, retain_ms, epoch, attempt, round, rev,
  owner_write, state, safety, earlier_unknown, value_kept, ref, scope, operation, key, fingerprint, owner, subject, finished_at_ms)
SELECT i, i, 30000, 1000000, 1, 1, 0, 2, 1, CASE WHEN i % 5000 = 1 THEN 2 WHEN i % 1000 = 2 THEN 5 ELSE 4 END, 3, false, true,
  lpad(i::text, 24, '0'), 'shop', CASE WHEN i % 2000 = 0 THEN 'ship' ELSE 'charge' END, 'k' || i, 'f', 'o', 'order:' || (i % 9000),
  CASE WHEN i % 5000 = 1 THEN NULL ELSE i END FROM generate_series(1, ${rows}) AS i`)
    await store.prepareLists?.()
    await database.query('ANALYZE onceward_entries')
  })
  afterAll(async () => {
    await store.close()
    await pool.end()
    await database.drop()
  })

  it('read no more of the table than they show', async () => {
    for (const [what, query, index] of questions) {
      texts = []
      await store.list({ ...page, ...query })
      const plans: string[] = []
      for (const { text, values } of texts) {
        const plan = await database.query(`EXPLAIN ${text}`, values)
        plans.push(plan.map((row) => String(row['QUERY PLAN'])).join('\n'))
      }
      const isServed = plans.every((plan) => index.test(plan) && !/Seq Scan/.test(plan))
      expect([what, plans.length > 0, isServed ? '' : plans]).toEqual([what, true, ''])
    }
  })

  it('find all that is asked for, page by page, though a page looks at a part', async () => {
    await findsAll(store)
  })

  it('make their indexes anew where one was left unfinished', async () => {
    await database.query(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'onceward_entries_recent'::regclass",
    )
    await Promise.all([store.prepareLists?.(), store.prepareLists?.()])
    const [row] = await database.query(
      "SELECT indisvalid FROM pg_index WHERE indexrelid = 'onceward_entries_recent'::regclass",
    )
    expect(row?.['indisvalid']).toBe(true)
  })
})

interface Sent {
  readonly text: string
  readonly values: unknown[]
}

/** What a store on the same driver prepares meanwhile, of lists. */
async function statementsOf(db: DatabaseSync, work: () => Promise<unknown>): Promise<readonly string[]> {
  const driver = Object.getPrototypeOf(db) as DatabaseSync
  const spy = vi.spyOn(driver, 'prepare')
  await work()
  const texts = spy.mock.calls.map(([text]) => text)
  spy.mockRestore()
  return texts.filter((text) => text.includes('FROM onceward_entries'))
}

async function findsAll(store: Store): Promise<void> {
  for (const scan of [700, 5000, rows * 2]) {
    const keys: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const found = await store.list({ scope: 'shop', operation: 'ship', limit: 3, scan, cursor })
      keys.push(...found.entries.map(({ key }) => key))
      cursor = found.next
      pages += 1
    } while (cursor !== undefined)
    const expected = Array.from({ length: rows / 2000 }, (_, at) => `k${rows - at * 2000}`)
    expect([scan, keys]).toEqual([scan, expected])
    expect(pages).toBeGreaterThanOrEqual(Math.min(rows / scan, 3))
  }
}
