import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditSql, reconcile, type ReconcileOptions, reconcileSql } from '../../src/reconcile/index.ts'
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

describe('the SQL that compares runs where it is meant for, and says what reconcile says', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(() => database?.drop())

  const left = [
    ['a', '10.00', '2026-01-01T00:00:00Z'],
    ['b', '10.00', '2026-01-01T00:00:00Z'],
    ['c', '10.00', '2026-01-01T00:00:00Z'],
    ['d', '10.00', '2026-01-01T00:00:00Z'],
    ['d', '10.00', '2026-01-01T00:00:00Z'],
    ['f', '10.00', '2026-01-01T00:00:00Z'],
    ['g', '10.00', '2026-01-01T00:00:00Z'],
  ]
  const right = [
    ['a', '10.01', '2026-01-01T00:00:04Z'],
    ['c', '10.00', '2026-01-01T00:00:00Z'],
    ['c', '10.00', '2026-01-01T00:00:00Z'],
    ['d', '10.00', '2026-01-01T00:00:00Z'],
    ['e', '10.00', '2026-01-01T00:00:00Z'],
    ['f', '10.02', '2026-01-01T00:00:00Z'],
    ['g', '10.00', '2026-01-01T00:00:06Z'],
    ['z', '1.00', '2026-01-01T00:00:00Z'],
  ]
  const asked = { on: 'id=ref', compare: 'amount=total~0.01,at=seen~5s', rightWhere: "ref <> 'z'" }

  async function expected(asking: ReconcileOptions): Promise<Readonly<Record<string, number>>> {
    const report = await reconcile(asking)
    const { matched, missing, extra, duplicated, uneven, mismatched } = report
    return { matched, missing, extra, duplicated, uneven, mismatched }
  }

  it('in DuckDB', async () => {
    const directory = temporaryDirectory()
    const file = (name: string, head: string, lines: readonly (readonly string[])[]): string => {
      const path = join(directory, name)
      writeFileSync(path, [head, ...lines.map((line) => line.join(','))].join('\n'))
      return path
    }
    const sides = {
      ...asked,
      left: file('left.csv', 'id,amount,at', left),
      right: file('right.csv', 'ref,total,seen', right),
    }
    const db = await openDuckdb({ directory, memory: '1GB' })
    const [counts = '', list = ''] = statements(reconcileSql(sides, 'duckdb'))
    const kinds: Record<string, number> = {}
    const cast = `SELECT kind, CAST(number_of_keys AS VARCHAR) FROM (${counts})`
    for await (const batch of db.query(cast))
      for (const [kind, count] of batch) kinds[kind ?? ''] = Number(count)
    const listed: string[] = []
    for await (const batch of db.query(`SELECT kind, id FROM (${list})`))
      listed.push(...batch.map((row) => row.join(' ')))
    db.close()
    expect(kinds).toEqual(await expected(sides))
    expect(listed).toEqual([
      'duplicated c',
      'extra e',
      'mismatched f',
      'mismatched g',
      'missing b',
      'uneven d',
    ])
  })

  it('in PostgreSQL', async () => {
    await database.query('CREATE TABLE l (id text, amount numeric, at timestamptz)')
    await database.query('CREATE TABLE r (ref text, total numeric, seen timestamptz)')
    for (const row of left)
      await database.query('INSERT INTO l VALUES ($1, $2::numeric, $3::timestamptz)', row)
    for (const row of right)
      await database.query('INSERT INTO r VALUES ($1, $2::numeric, $3::timestamptz)', row)
    const sides = { ...asked, left: `${database.url}?table=l`, right: `${database.url}?table=r` }
    const [counts = ''] = statements(reconcileSql(sides, 'postgres'))
    const kinds = (await database.query(counts)).map((row) => [row['kind'], Number(row['number_of_keys'])])
    expect(Object.fromEntries(kinds)).toEqual(await expected(sides))
    expect(reconcileSql(sides, 'postgres')).not.toContain(new URL(database.url).password)
  })

  it('for Spark names views, and quotes as it does', () => {
    const text = reconcileSql({ ...asked, left: 's3://a/left.parquet', right: 'right.jsonl' }, 'spark')
    expect(text).toContain(
      "CREATE TEMPORARY VIEW left_rows USING parquet OPTIONS (path 's3://a/left.parquet');",
    )
    expect(text).toContain("CREATE TEMPORARY VIEW right_rows USING json OPTIONS (path 'right.jsonl');")
    expect(text).toContain('GROUP BY `ref`')
  })

  it('is refused for a list of an HTTP API', () => {
    expect(() =>
      reconcileSql({ left: 'https://a.example/list', right: 'b.csv', on: 'id' }, 'duckdb'),
    ).toThrow(/--left is a list of an HTTP API/)
  })
})
