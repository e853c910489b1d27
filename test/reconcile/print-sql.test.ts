import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditSql } from '../../src/reconcile/index.ts'
import { openDuckdb } from '../../src/reconcile/sources/duckdb-driver.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const options = { ref: ['order_ref'], effect: 'id', key: 'key', at: 'at', amount: 'amount', worker: 'worker' }
const rows = [
  ['A', '1', 'k', '2026-01-01', '5', 'w'],
  ['A', '2', 'l', '2026-01-02', '5', 'w'],
  ['A', '2', 'l', '2026-01-02', '5', 'w'],
  ['B', '3', 'm', '2026-01-01', '5', 'w'],
]

/** The statements of the printed text, without comments. */
function statements(text: string): string[] {
  return text
    .split(';\n')
    .map((statement) => statement.replaceAll(/^--.*$/gm, '').trim())
    .filter((statement) => statement !== '')
}

describe('the SQL that is printed runs where it is meant for, and counts the same', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(() => database?.drop())

  it('in PostgreSQL', async () => {
    await database.query(
      'CREATE TABLE charges (order_ref text, id text, key text, at text, amount int, worker text)',
    )
    for (const row of rows)
      await database.query('INSERT INTO charges VALUES ($1, $2, $3, $4, $5::int, $6)', row)
    const [totals = '', groups = ''] = statements(
      auditSql('postgres://host/shop?table=charges', 'postgres', options),
    )
    const [counted] = await database.query(totals)
    expect(
      Object.fromEntries(Object.entries(counted ?? {}).map(([name, value]) => [name, Number(value)])),
    ).toEqual({
      refs: 2,
      effects: 3,
      duplicate_refs: 1,
      extra_effects: 1,
    })
    expect(await database.query(groups)).toMatchObject([
      { order_ref: 'A', effects: '2', different_keys: '2', workers: '1' },
    ])
  })

  it('in DuckDB', async () => {
    const directory = temporaryDirectory()
    const path = join(directory, "o'clock.csv")
    mkdirSync(directory, { recursive: true })
    writeFileSync(path, ['order_ref,id,key,at,amount,worker', ...rows.map((row) => row.join(','))].join('\n'))
    const db = await openDuckdb({ directory, memory: '100MB' })
    const [totals = ''] = statements(auditSql(path, 'duckdb', options))
    const counted = []
    for await (const batch of db.query(totals)) counted.push(...batch)
    db.close()
    expect(counted.map((row) => row.map(Number))).toEqual([[2, 3, 1, 1]])
  })
})
