import { readFileSync, writeFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import { usePostgres } from '../../../test/support/postgres-bench.ts'
import { type Entry, openStates } from '../../ledger/entry.ts'
import type { ListQuery } from '../../ledger/store.ts'
import { columns } from './rows.ts'
import { migrations } from './tables.ts'

const bench = usePostgres()

/** The nodes of a plan, as EXPLAIN (FORMAT JSON) tells them. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

function nodesOf(plan: PlanNode): readonly PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

describe('the schema', () => {
  test('is made once by ten stores that open an empty database at once, and all agree', async () => {
    const schema = 'opened_at_once'
    const stores = Array.from({ length: 10 }, () => bench().store({ url: bench().database.url, schema }))
    const lineages = await Promise.all(stores.map((store) => store.open()))
    expect(new Set(lineages.map(({ epoch, nonce }) => `${epoch}/${nonce}`)).size).toBe(1)
    const versions = await bench().database.query(`SELECT value FROM ${schema}.onceward_meta`)
    expect(versions).toEqual([{ value: '2' }])
  })

  test('is opened as often as one likes, and by a role that may not make it', async () => {
    const store = await bench().opened()
    const lineage = await store.open()
    const { database } = bench()
    await database.query(`CREATE ROLE worker_only LOGIN PASSWORD 'w'`)
    try {
      await database.query(
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker_only`,
      )
      const url = Object.assign(new URL(database.url), { username: 'worker_only', password: 'w' }).href
      const worker = bench().store({ url })
      expect(await worker.open()).toEqual(lineage)
      expect((await worker.claim([bench().claimOf()])).results).toMatchObject([{ kind: 'claimed' }])
      await worker.close()
    } finally {
      await database.query('DROP OWNED BY worker_only; DROP ROLE worker_only')
    }
  })

  test('is made in a schema that is there, by a role that may not make schemas', async () => {
    const { database } = bench()
    await database.query(`CREATE ROLE tenant LOGIN PASSWORD 't'; CREATE SCHEMA mine AUTHORIZATION tenant`)
    try {
      const url = Object.assign(new URL(database.url), { username: 'tenant', password: 't' }).href
      const store = await bench().opened({ url, schema: 'mine' })
      expect((await store.claim([bench().claimOf()])).results).toMatchObject([{ kind: 'claimed' }])
      await store.close()
    } finally {
      await database.query('DROP OWNED BY tenant; DROP ROLE tenant')
    }
  })

  test('of a newer version is refused, and nothing is changed', async () => {
    await bench().opened({ url: bench().database.url, schema: 'newer' })
    await bench().database.query(`UPDATE newer.onceward_meta SET value = '99'`)
    const store = bench().store({ url: bench().database.url, schema: 'newer' })
    await expect(store.open()).rejects.toMatchObject({
      kind: 'incompatible',
      message: expect.stringContaining('schema 99'),
    })
    expect(await bench().database.query('SELECT value FROM newer.onceward_meta')).toEqual([{ value: '99' }])
  })

  test('that somebody has taken away is incompatible, not an endless retry', async () => {
    const store = await bench().opened({ url: bench().database.url, schema: 'gone' })
    await bench().database.query('DROP SCHEMA gone CASCADE')
    await expect(store.claim([bench().claimOf()])).rejects.toMatchObject({ kind: 'incompatible' })
  })

  test('has its columns in the order in which rows are read as text', async () => {
    await bench().opened()
    const rows = await bench().database.query(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'onceward_entries'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    )
    expect(rows.map((row) => row['name'])).toEqual(columns)
  })

  test('compares every text byte by byte, whatever the locale', async () => {
    await bench().opened()
    const rows = await bench().database.query(
      `SELECT attrelid::regclass || '.' || attname AS name FROM pg_attribute
       WHERE attrelid::regclass::text LIKE 'onceward\\_%' AND atttypid = 'text'::regtype AND attnum > 0
         AND attcollation <> (SELECT oid FROM pg_collation WHERE collname = 'C')`,
    )
    expect(rows).toEqual([])
  })

  test('uses nothing that the distributed kin of PostgreSQL lack', async () => {
    await bench().opened()
    const [found] = await bench().database.query(
      `SELECT (SELECT count(*)::int FROM pg_class WHERE relkind = 'S') AS sequences,
         (SELECT count(*)::int FROM pg_trigger WHERE NOT tgisinternal) AS triggers,
         (SELECT count(*)::int FROM pg_class WHERE relname LIKE 'onceward\\_%' AND relpersistence <> 'p') AS unlogged,
         (SELECT count(*)::int FROM pg_class c WHERE relname LIKE 'onceward\\_%' AND relkind = 'r'
            AND NOT EXISTS (SELECT 1 FROM pg_index WHERE indrelid = c.oid AND indisprimary)) AS without_key`,
    )
    expect(found).toEqual({ sequences: 0, triggers: 0, unlogged: 0, without_key: 0 })
  })

  test('is the one in docs/reference/schema.sql (UPDATE_SCHEMA=1 writes it)', () => {
    const names = {
      entries: 'entries',
      lineage: 'lineage',
      watermarks: 'watermarks',
      records: 'records',
      meta: 'meta',
    }
    const tables = Object.fromEntries(
      Object.entries(names).map(([name, table]) => [name, `onceward_${table}`]),
    )
    const statements = migrations(tables as unknown as Parameters<typeof migrations>[0]).flat()
    const text = `-- The PostgreSQL schema of Onceward, as the store makes it. Written by src/stores/postgres/schema.test.ts.\n\n${statements.map((statement) => `${statement};`).join('\n\n')}\n`
    const file = new URL('../../../docs/reference/schema.sql', import.meta.url)
    if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, text)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})

function planOf(row: unknown): PlanNode {
  return (row as { 'QUERY PLAN': [{ Plan: PlanNode }] })['QUERY PLAN'][0].Plan
}

describe('plans', () => {
  /** Makes every named statement of the store on one connection, on an empty table, and gives their generic plans. */
  async function genericPlans(): Promise<ReadonlyMap<string, readonly PlanNode[]>> {
    const pool = bench().pool({ max: 1 })
    const schema = `plans_${Math.random().toString(36).slice(2)}`
    const store = await bench().opened({ pool, schema })
    const absent = bench().claimOf()
    const pair = [bench().claimOf(), bench().claimOf()]
    const row = (await store.claim([absent])).results[0]
    if (row?.kind !== 'claimed') throw new Error('not claimed')
    const { entry } = row
    await store.claim(pair)
    await store.claim([absent])
    const expectation = {
      attempt: 1,
      rev: 9,
      raisesAttempt: true,
      round: 0,
      earlierUnknown: false,
      keepsFirstSend: true,
    }
    await store.claim([{ ...absent, expect: expectation }])
    await store.renew([{ ref: entry.ref, owner: entry.owner, attempt: 1, leaseMs: 1 }])
    await store.settle([
      bench().settleOf(entry, { known: (await store.read([entry.ref])).results[0] as Entry }),
    ])
    await store.settle([bench().settleOf(entry)])
    await store.settle(pair.map(({ ref, owner }) => bench().settleOf({ ...entry, ref, owner })))
    await store.settle([bench().settleOf({ ...entry, owner: 'nobody' })])
    await store.resolve([{ ref: entry.ref, expect: { attempt: 1, rev: 9 }, to: 'in_doubt', valueKept: true }])
    await store.twins([
      { ref: entry.ref, known: { ...entry, subject: 'order:1', fingerprint: 'f' }, windowMs: 1 },
    ])
    await store.read(pair.map(({ ref }) => ref))
    const client = await pool.connect()
    try {
      // The table is empty and nobody has analysed it: what a first start looks like.
      await client.query(`TRUNCATE ${schema}.onceward_entries; SET plan_cache_mode = force_generic_plan`)
      const { rows } = await client.query<{ name: string; n: number }>(
        'SELECT name, cardinality(parameter_types)::int AS n FROM pg_prepared_statements WHERE statement LIKE $1',
        ['%onceward_entries%'],
      )
      const plans = new Map<string, readonly PlanNode[]>()
      for (const { name, n } of rows) {
        const explain = `EXPLAIN (FORMAT JSON) EXECUTE ${name} (${Array.from({ length: n }, () => 'NULL').join(', ')})`
        const answer = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(explain)
        plans.set(name.replace(/_[0-9a-f]{8}$/, ''), nodesOf(planOf(answer.rows[0])))
      }
      return plans
    } finally {
      client.release()
      await bench().database.query(`DROP SCHEMA ${schema} CASCADE`)
    }
  }

  test('made while the table is empty look entries up by the primary key, all of them', async () => {
    const plans = await genericPlans()
    const names = [...plans.keys()].map((name) => name.replace('onceward_', '')).toSorted()
    expect(names).toEqual(
      [
        'insert_many',
        'insert_one',
        'read_many',
        'read_one',
        'renew',
        'resolve',
        'settle_again',
        'settle_known',
        'settle_many',
        'settle_one',
        'take_over',
        'twins',
      ].toSorted(),
    )
    for (const [name, nodes] of plans) {
      const scans = nodes.filter(
        (node) =>
          node['Relation Name'] === 'onceward_entries' && !/ModifyTable|LockRows/.test(node['Node Type']),
      )
      const used = new Set(scans.map((node) => `${node['Node Type']} ${node['Index Name'] ?? ''}`.trim()))
      const allowed = ['Index Scan onceward_entries_pkey', 'Index Only Scan onceward_entries_pkey']
      if (name === 'onceward_twins') allowed.push('Index Scan onceward_entries_subject')
      expect(
        [...used].filter((scan) => !allowed.includes(scan)),
        name,
      ).toEqual([])
    }
  })

  test('lists of open entries and of a subject, and purges, use their indexes on a large table', async () => {
    const pool = bench().pool({ max: 1 })
    const store = await bench().opened({ pool, schema: 'listed' })
    // Nothing is due, and a thousandth is open.
    await bench().database.query(
      `INSERT INTO listed.onceward_entries (claimed_at_ms, lease_until_ms, lease_ms, retain_ms, epoch, attempt, round, rev,
         owner_write, state, safety, earlier_unknown, value_kept, ref, scope, operation, key, fingerprint, owner, subject, finished_at_ms)
       SELECT n, n, 1, 9e15::bigint, 1, 1, 0, 1, 0, CASE WHEN n % 1000 = 0 THEN 1 ELSE 4 + n % 3 END, 1, false, true, md5(n::text),
         'shop', 'charge', n::text, '', 'o', 'order:' || n, CASE WHEN n % 1000 = 0 THEN NULL ELSE n END
       FROM generate_series(1, 20000) n`,
    )
    await bench().database.query('ANALYZE listed.onceward_entries')
    const indexesOf = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      const sent = await capture(pool, work)
      const plans = []
      for (const { text, values } of sent.filter((statement) =>
        statement.text.includes('onceward_entries'),
      )) {
        const [row] = await bench().database.query(`EXPLAIN (FORMAT JSON) ${text}`, values)
        plans.push(...nodesOf(planOf(row)))
      }
      const scans = plans.filter(
        (node) => node['Relation Name'] === 'onceward_entries' && node['Node Type'].includes('Scan'),
      )
      return [...new Set(scans.map((node) => node['Index Name'] ?? node['Node Type']))].toSorted()
    }
    const list =
      (query: Partial<ListQuery>): (() => Promise<unknown>) =>
      () =>
        store.list({ scope: 'shop', limit: 10, ...query })
    expect(await indexesOf(list({ states: ['started'] }))).toEqual(['onceward_entries_open'])
    expect(await indexesOf(list({ states: [...openStates], lapsed: true }))).toEqual([
      'onceward_entries_open',
    ])
    expect(await indexesOf(list({ subject: 'order:7' }))).toEqual(['onceward_entries_subject'])
    expect(await indexesOf(list({ operation: 'charge', key: '7' }))).toEqual(['onceward_entries_pkey'])
    const purge = (): Promise<unknown> => store.purge({ scope: 'shop', limit: 100, tombstoneMs: 1 })
    expect(await indexesOf(purge)).toEqual(['onceward_entries_due', 'onceward_entries_pkey'])
  })
})

/** The statements that `work` sends through a pool of one connection. */
async function capture(
  pool: Pool,
  work: () => Promise<unknown>,
): Promise<readonly { text: string; values: unknown[] }[]> {
  const client = await pool.connect()
  const sent: { text: string; values: unknown[] }[] = []
  const query = client.query.bind(client)
  Object.assign(client, {
    query: (config: { text: string; values?: unknown[] }) => {
      sent.push({ text: config.text, values: config.values ?? [] })
      return query(config)
    },
  })
  client.release()
  await work()
  Object.assign(client, { query })
  return sent
}

test('steps and renewals stay on their page, and so touch no index', async ({ skip }) => {
  const pool = bench().pool({ max: 1 })
  const store = await bench().opened({ pool, schema: 'hot' })
  let row = await bench().claimed(store, { to: 'claimed' })
  for (let n = 0; n < 5; n += 1) {
    const steps = { unlistedSinceMs: n, steps: [] }
    const { results } = await store.settle([bench().settleOf(row, { to: 'started', steps, digest: `d${n}` })])
    if (results[0]?.kind !== 'settled') throw new Error('not settled')
    row = results[0].entry
    await store.renew([{ ref: row.ref, owner: row.owner, attempt: row.attempt, leaseMs: 60_000 + n }])
  }
  // Each connection tells of its own updates, when it is idle.
  const version = await pool.query<{ server_version_num: string }>('SHOW server_version_num')
  skip(
    Number(version.rows[0]?.server_version_num) < 150_000,
    'before PostgreSQL 15 statistics come in their own time',
  )
  await pool.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await pool.query<{ updates: number; hot: number }>(
    `SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables
     WHERE schemaname = 'hot' AND relname = 'onceward_entries'`,
  )
  expect(rows[0]?.updates).toBe(10)
  // The first step moves the row from claimed to started, which its partial index has to hear of.
  expect(rows[0]?.hot).toBe(9)
})
