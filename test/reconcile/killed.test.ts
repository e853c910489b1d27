import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type CleanupPlan, type FixOptions, planCleanup } from '../../src/reconcile/index.ts'
import { CliBench, json } from '../e2e/cli-bench.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { put } from './support/places.ts'

let bench: CliBench
let database: TestDatabase

beforeAll(async () => {
  bench = new CliBench()
  database = await testDatabase()
})

afterAll(async () => {
  await bench.dispose()
  await database.drop()
})

const orders = { verify: 2000, full: 8000 }[process.env['ONCEWARD_TEST_SIZE'] ?? ''] ?? 100
const twice = orders / 2

/** Every other order was charged twice. What must stay is one charge of each order. */
async function planned(
  kind: 'sqlite' | 'postgres',
  { count = orders, fix = {} }: { count?: number; fix?: FixOptions } = {},
): Promise<{ plan: CleanupPlan; right: string; path: string }> {
  // The tests run beside each other, and the folder of one may go while another is at work.
  const { folder } = bench
  const refs = Array.from({ length: count }, (_, at) => `o${at}`)
  const left = await put(
    'csv',
    { columns: ['ref', 'amount'], rows: refs.map((ref) => [ref, '9.99']) },
    { folder },
  )
  const charges = refs.flatMap((ref, at) => (at % 2 === 0 ? [ref, ref] : [ref]))
  const rows = charges.map((ref, at) => [ref, '9.99', `k${at}`])
  const right = await put(kind, { columns: ['ref', 'amount', 'key'], rows }, { database, folder })
  const { plan } = await planCleanup({ left, right, on: 'ref', compare: 'amount' }, fix)
  expect(plan.expected).toEqual({ keys: count / 2, keep: count / 2, remove: count / 2 })
  const path = bench.path(`${kind}-${plan.action.kind}.json`)
  writeFileSync(path, JSON.stringify(plan))
  return { plan, right, path }
}

const approve = ['--approve', 'Dana', '--execute', '--batch', '10', '--json'] as const

/** Keeps the row of one id from being removed, until it is let go: whoever tries stands still in the middle of a batch. */
async function held(kind: 'sqlite' | 'postgres', right: string, id: string): Promise<() => Promise<void>> {
  const table = tableOf(right)
  if (kind === 'postgres') {
    const client = new Client({ connectionString: database.url })
    await client.connect()
    await client.query('BEGIN')
    await client.query(`SELECT 1 FROM ${table} WHERE id = $1 FOR UPDATE`, [id])
    return () => client.end()
  }
  const slow = Array.from({ length: 9 }, (_, at) => `${table} AS t${at}`).join(', ')
  sqlite(right, (db) =>
    db.exec(
      `CREATE TRIGGER held BEFORE DELETE ON ${table} WHEN OLD.id = ${id} BEGIN SELECT count(*) FROM ${slow}; END`,
    ),
  )
  return () => Promise.resolve(sqlite(right, (db) => db.exec('DROP TRIGGER held')))
}

function sqlite<T>(right: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(right.slice('sqlite:'.length, right.indexOf('?')), { timeout: 10_000 })
  try {
    return work(db)
  } finally {
    db.close()
  }
}

function tableOf(right: string): string {
  return new URL(right.replace('sqlite:', 'http://x')).searchParams.get('table') ?? ''
}

it.concurrent.each(['sqlite', 'postgres'] as const)(
  'a clean-up of %s that is killed in the middle of a batch goes on, and leaves exactly the rows of the source',
  async (kind) => {
    const { right, path, plan } = await planned(kind)
    const before = twice * 0.4
    const letGo = await held(kind, right, plan.keys[before + 4]?.remove[0]?.id[0] ?? '')
    const args = ['reconcile', 'apply', path, '--right', right, ...approve]
    const killed = bench.start(args)
    await killed.printed(`${before} of ${twice} rows`, 'stderr')
    killed.child.kill('SIGKILL')
    expect((await killed.ended).signal).toBe('SIGKILL')
    await letGo()

    const resumed = await bench.run(args)
    expect(resumed.code, resumed.stderr.toString()).toBe(0)
    expect(json(resumed)).toMatchObject({
      before,
      rows: twice - before,
      after: { clean: true, matched: orders },
    })

    const table = tableOf(right)
    const query = async (text: string): Promise<Record<string, unknown>[]> =>
      kind === 'postgres' ? database.query(text) : sqlite(right, (db) => db.prepare(text).all())
    const left = await query(`SELECT ref FROM ${table} ORDER BY id`)
    expect(left.map(({ ref }) => ref)).toEqual(Array.from({ length: orders }, (_, at) => `o${at}`))
    // What went is kept, each row once.
    const [moved] = await query(
      `SELECT count(*) AS n, count(DISTINCT id) AS ids FROM onceward_removed_${table}`,
    )
    expect([Number(moved?.['n']), Number(moved?.['ids'])]).toEqual([twice, twice])
    const [noted] = await query(
      `SELECT count(*) AS n FROM onceward_cleanup WHERE plan = '${plan.id}' AND state = 'removed' AND by_name = 'Dana'`,
    )
    expect(Number(noted?.['n'])).toBe(twice)
  },
  60_000,
)

it.concurrent('a call for each row comes once, also where the caller is killed in the middle; the one nobody knows of is in doubt', async () => {
  const calls = new Map<string, number>()
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    request.setEncoding('utf8')
    let text = ''
    request.on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      const { remove } = JSON.parse(text) as { remove: string[] }
      const [id = ''] = remove
      calls.set(id, (calls.get(id) ?? 0) + 1)
      // The one that the caller is killed in gets no answer.
      if (calls.size === 5 && calls.get(id) === 1) stands()
      else response.end('{}')
    })
  })
  let stands = (): void => undefined
  const isHeld = new Promise<void>((resolve) => (stands = resolve))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const call = `http://127.0.0.1:${(server.address() as AddressInfo).port}/refunds`
    const { path } = await planned('sqlite', { count: 40, fix: { call } })
    const args = ['reconcile', 'apply', path, '--approve', 'Dana', '--execute', '--json']
    const killed = bench.start(args)
    await isHeld
    killed.child.kill('SIGKILL')
    await killed.ended
    const resumed = await bench.run(args)
    expect(json(resumed)).toMatchObject({
      calls: { done: 19, replayed: 4, failed: 0, inDoubt: 1 },
    })
    expect(resumed.code).toBe(3)
    expect(calls.size).toBe(20)
    expect([...calls.values()].every((count) => count === 1)).toBe(true)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}, 90_000)
