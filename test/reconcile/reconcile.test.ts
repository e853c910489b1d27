import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Difference, differences, reconcile, type ReconcileOptions } from '../../src/reconcile/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { type PlaceKind, put, type Rows } from './support/places.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(async () => {
  await database.drop()
})

const t = (minute: number): string => new Date(Date.UTC(2026, 1, 7, 10, minute)).toISOString()

/** Orders, as they should be. Each line says what becomes of it. */
const orders: Rows = {
  columns: ['order', 'line', 'total', 'made_at', 'state'],
  rows: [
    ['o1', '1', '10.00', t(0), 'paid'], // 1:1, equal
    ['o2', '1', '20.00', t(0), 'paid'], // 1:1, 20.01 is within the tolerance
    ['o3', '1', '30.00', t(0), 'paid'], // 1:1, another amount
    ['o4', '1', '40.00', t(0), 'paid'], // missing
    ['o5', '1', '50.00', t(0), 'paid'], // charged three times
    ['o6', '1', '60.00', t(0), 'paid'], // two here, one there
    ['o6', '1', '60.00', t(0), 'paid'],
    ['o7', '1', '70.00', t(0), 'paid'], // two here, two there, in another order
    ['o7', '1', '71.00', t(0), 'paid'],
    ['o8', '1', '80.00', t(0), 'paid'], // two here, two there, one of another amount
    ['o8', '1', '81.00', t(0), 'paid'],
    ['o9', '1', '90.00', t(0), 'paid'], // two here, none there
    ['o9', '1', '90.00', t(0), 'paid'],
    ['o10', '1', '1.00', t(59), 'paid'], // young: pending
    ['o11', '1', '1.00', t(0), 'draft'], // filtered out
    ['o1', '2', '10.00', t(0), 'paid'], // 1:1: the key has two parts
    [null, '1', '1.00', t(0), 'paid'], // without a key
  ],
}

const charges: Rows = {
  columns: ['ref', 'item', 'amount', 'charged_at'],
  rows: [
    ['o1', '1', '10', t(1)],
    ['o1', '2', '10.0', t(1)],
    ['o2', '1', '20.01', t(1)],
    ['o3', '1', '30.02', t(1)],
    ['o5', '1', '50.00', t(1)],
    ['o5', '1', '50.00', t(2)],
    ['o5', '1', '50.00', t(3)],
    ['o6', '1', '60.00', t(1)],
    ['o7', '1', '71.01', t(1)],
    ['o7', '1', '70.00', t(1)],
    ['o8', '1', '80.00', t(1)],
    ['o8', '1', '88.00', t(1)],
    ['x1', '1', '5.00', t(1)], // extra
    ['x2', '1', '5.00', t(1)], // extra, twice
    ['x2', '1', '5.00', t(1)],
    ['x3', '1', '5.00', t(60)], // young: pending
  ],
}

const options: Omit<ReconcileOptions, 'left' | 'right'> = {
  on: 'order=ref,line=item',
  compare: 'total=amount~0.01',
  leftAt: 'made_at',
  rightAt: 'charged_at',
  graceMs: 15 * 60_000,
  asOf: t(60),
  leftWhere: `state = 'paid'`,
}

const expected = {
  left: { rows: 16, keys: 11, withoutKey: 1 },
  right: { rows: 16, keys: 11, withoutKey: 0 },
  matched: 4,
  missing: 2,
  extra: 2,
  duplicated: 1,
  uneven: 1,
  mismatched: 2,
  pending: 2,
  cardinality: { '1:0': 2, '0:1': 2, '2+:0': 1, '0:2+': 1, '1:1': 4, '1:2+': 1, '2+:1': 1, '2+:2+': 2 },
  clean: false,
  asOf: t(60),
}

/** What must come out, whoever joins: each pair of places, with the engine that joins them. */
const pairs: { left: PlaceKind; right: PlaceKind; engine: string; chosen?: 'duckdb' }[] = [
  { left: 'csv', right: 'csv', engine: 'node' },
  { left: 'jsonl', right: 'csv', engine: 'node' },
  { left: 'csv', right: 'jsonl', engine: 'duckdb', chosen: 'duckdb' },
  { left: 'parquet', right: 'csv', engine: 'duckdb' },
  { left: 'parquet', right: 'parquet', engine: 'duckdb' },
  { left: 'postgres', right: 'parquet', engine: 'duckdb' },
  { left: 'postgres', right: 'postgres', engine: 'postgres' },
  { left: 'postgres', right: 'csv', engine: 'node' },
  { left: 'sqlite', right: 'postgres', engine: 'node' },
  { left: 'csv', right: 'sqlite', engine: 'duckdb', chosen: 'duckdb' },
]

describe('reconcile', () => {
  it.each(pairs)('of $left with $right comes to what is true ($engine)', async (pair) => {
    const { left, right, engine, chosen } = pair
    const report = await reconcile({
      ...options,
      left: await put(left, orders, { database }),
      right: await put(right, charges, { database }),
      ...(chosen && { engine: chosen }),
    })
    expect(report).toMatchObject({ ...expected, engine })
    const keys = (list: readonly Difference[]): string[] =>
      list.map(({ key }) => (typeof key === 'string' ? key : key.join('/'))).toSorted()
    expect(keys(report.samples.missing)).toEqual(['o4/1', 'o9/1'])
    expect(keys(report.samples.extra)).toEqual(['x1/1', 'x2/1'])
    expect(keys(report.samples.duplicated)).toEqual(['o5/1'])
    expect(keys(report.samples.uneven)).toEqual(['o6/1'])
    expect(keys(report.samples.mismatched)).toEqual(['o3/1', 'o8/1'])
    expect(keys(report.samples.pending)).toEqual(['o10/1', 'x3/1'])
    expect(report.samples.mismatched.find(({ key }) => key[0] === 'o3')?.differs).toEqual([
      { column: 'total', left: '30.00', right: '30.02' },
    ])
  })

  it('gives every difference as it is found', async () => {
    const found = []
    const [left, right] = [await put('csv', orders), await put('csv', charges)]
    for await (const { kind, key } of differences({ ...options, left, right })) found.push([kind, key])
    expect(found).toHaveLength(10)
    expect(found).toContainEqual(['duplicated', ['o5', '1']])
  })
})

it('says of the example what the guide says', async () => {
  const report = await reconcile({
    left: 'examples/reconcile/orders.csv',
    right: 'examples/reconcile/charges.csv',
    on: 'order_id=order_ref',
    compare: 'amount,currency',
    leftAt: 'placed_at',
    rightAt: 'charged_at',
    graceMs: 15 * 60_000,
  })
  const guide = readFileSync('docs/guide/reconcile.md', 'utf8')
  for (const kind of [
    'matched',
    'missing',
    'extra',
    'duplicated',
    'uneven',
    'mismatched',
    'pending',
  ] as const)
    expect(new RegExp(`^${kind} +(\\d+) `, 'm').exec(guide)?.[1], kind).toBe(String(report[kind]))
})
