import { createServer } from 'node:http'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBench, json } from '../e2e/cli-bench.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { put } from './support/places.ts'

let bench: CliBench
let database: TestDatabase

beforeAll(async () => {
  bench = new CliBench()
  database = await testDatabase()
  bench.write('orders.csv', 'order,amount\no1,10.00\no2,20.00\no3,30.00\n')
})

afterAll(async () => {
  await bench.dispose()
  await database.drop()
})

const question = ['reconcile', '--left', 'orders.csv', '--right', 'charges.csv', '--on', 'order=ref'] as const

it('ends with 1 and one document where something differs, and writes the whole list', async () => {
  bench.write('charges.csv', 'ref,total\no1,10\no2,20.50\no2,20.50\nx,1\n')
  const done = await bench.run([...question, '--compare', 'amount=total~1%', '--out', 'list.jsonl', '--json'])
  expect(done.code).toBe(1)
  expect(json(done)).toMatchObject({
    left: { rows: 3, keys: 3 },
    right: { rows: 4, keys: 3 },
    matched: 1,
    missing: 1,
    extra: 1,
    duplicated: 1,
    mismatched: 0,
    pending: 0,
    cardinality: { '1:0': 1, '0:1': 1, '2+:0': 0, '0:2+': 0, '1:1': 1, '1:2+': 1, '2+:1': 0, '2+:2+': 0 },
    samples: { missing: [{ key: 'o3' }], extra: [{ key: 'x' }], duplicated: [{ key: 'o2', right: 2 }] },
    clean: false,
  })
  expect(
    bench
      .lines('list.jsonl')
      .map((line) => (JSON.parse(line) as { kind: string }).kind)
      .toSorted(),
  ).toEqual(['duplicated', 'extra', 'missing'])
  expect(done.stderr.toString()).toMatch(/missing +1 +left only/)
})

it('plans, shows, asks for a name, cleans up, and takes it back, on a database with a password', async () => {
  const rows = [
    ['o1', '10.00'],
    ['o2', '20.00'],
    ['o2', '20.00'],
    ['o3', '30.00'],
  ]
  const right = await put('postgres', { columns: ['ref', 'amount'], rows }, { database })
  const { password } = new URL(right)
  expect(password).not.toBe('')
  const args = [
    'reconcile',
    '--left',
    'orders.csv',
    '--right',
    right,
    '--on',
    'order=ref',
    '--compare',
    'amount',
  ]
  const planned = await bench.run([...args, '--fix', 'plan.json', '--recall', 'recall.csv', '--json'])
  expect(planned.code).toBe(1)
  expect(json(planned)).toMatchObject({ duplicated: 1, plan: { expected: { remove: 1 } } })
  expect(bench.lines('recall.csv')).toHaveLength(2)
  expect(readFileSync(bench.path('plan.json'), 'utf8')).not.toContain(password)
  expect(readdirSync(bench.path('.')).filter((name) => name.startsWith('plan.json'))).toEqual(['plan.json'])

  const again = ['--right', right]
  const dry = await bench.run(['reconcile', 'apply', 'plan.json', '--json', ...again])
  expect([dry.code, json(dry)['executed'], json(dry)['rows']]).toEqual([0, false, 1])
  expect(dry.stderr.toString()).toContain('Nothing was changed')
  const approve = ['plan.json', '--approve', 'Dana', '--execute', '--json', ...again]
  const done = await bench.run(['reconcile', 'apply', ...approve])
  expect([done.code, json(done)]).toEqual([0, expect.objectContaining({ rows: 1, by: 'Dana' })])
  expect(json(done)).toMatchObject({ after: { clean: true } })
  const back = await bench.run(['reconcile', 'undo', ...approve])
  expect([back.code, json(back)['rows']]).toEqual([0, 1])
  for (const { stdout, stderr } of [planned, dry, done, back])
    expect(`${stdout.toString()}${stderr.toString()}`).not.toContain(password)
})

it('says of 15 payments and 8 webhooks in one command which were never told', async () => {
  const payments = Array.from({ length: 15 }, (_, at) => ({ id: `pay_${at}` }))
  const server = createServer((request, response) => {
    const isAllowed = request.headers.authorization === 'Bearer sk_1'
    const from = request.url?.includes('starting_after') === true ? 10 : 0
    response.writeHead(isAllowed ? 200 : 401)
    response.end(JSON.stringify({ data: payments.slice(from, from + 10), has_more: from === 0 }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    bench.write(
      'webhooks.jsonl',
      payments
        .slice(0, 8)
        .map(({ id }) => `{"data":{"object":{"id":"${id}"}}}\n`)
        .join(''),
    )
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/charges?limit=10`
    const done = await bench.run(
      [
        'reconcile',
        '--left',
        url,
        '--left-api',
        'stripe',
        '--left-token',
        'SHOP_KEY',
        '--right',
        'webhooks.jsonl',
        '--on',
        'id=data.object.id',
        '--json',
      ],
      { SHOP_KEY: 'sk_1' },
    )
    expect(json(done)).toMatchObject({ matched: 8, missing: 7, left: { rows: 15 }, right: { rows: 8 } })
  } finally {
    server.close()
  }
})

it('goes on with --watch where it stopped, and tells only what is new', async () => {
  bench.write('live.csv', 'ref,at\no1,2026-02-07T10:00:00Z\n')
  bench.write('seen.csv', 'ref,at\no1,2026-02-07T10:00:00Z\no1,2026-02-07T10:00:00Z\n')
  const args = [
    'reconcile',
    '--left',
    'live.csv',
    '--right',
    'seen.csv',
    '--on',
    'ref',
    '--left-at',
    'at',
    '--right-at',
    'at',
    '--watch',
    '--every',
    '10ms',
    '--json',
  ]
  const first = await bench.run([...args, '--rounds', '2'])
  const rounds = first.stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(first.code).toBe(1)
  expect(rounds).toMatchObject([
    { isWhole: true, alerts: [{ kind: 'duplicated', key: 'o1' }], report: { duplicated: 1 } },
    { isWhole: false, alerts: [], report: { duplicated: 1 } },
  ])
  bench.write('live.csv', 'ref,at\no1,2026-02-07T10:00:00Z\no1,2026-02-07T10:00:00Z\n')
  const second = await bench.run([...args, '--rounds', '1'])
  expect([second.code, json(second)]).toEqual([0, expect.objectContaining({ isWhole: false, alerts: [] })])
  expect(existsSync(bench.path('onceward.db'))).toBe(true)
})

it('ends with 2 and the nearest name for a column that is not there', async () => {
  const args = ['reconcile', '--left', 'orders.csv', '--right', 'orders.csv', '--on', 'ordr']
  const done = await bench.run(args)
  expect([done.code, done.stderr.toString()]).toEqual([2, expect.stringContaining('Did you mean "order"')])
})
