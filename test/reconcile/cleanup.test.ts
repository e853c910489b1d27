import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  applyPlan,
  type CleanupPlan,
  parsePlan,
  planCleanup,
  type ReconcileOptions,
  reconcile,
  recallCsv,
  undoPlan,
} from '../../src/reconcile/index.ts'
import { createOnceward } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { overnight } from './support/incidents.ts'
import { put, type Rows } from './support/places.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(async () => {
  await database.drop()
})

const t = (minute: number): string => new Date(Date.UTC(2026, 1, 7, 10, minute)).toISOString()

const orders: Rows = {
  columns: ['ref', 'amount'],
  rows: [
    ['o1', '10.00'],
    ['o2', '20.00'],
    ['o3', '30.00'],
    ['o4', '40.00'],
    ['o5', '50.00'],
    ['o5', '50.00'],
    ['o6', '60.00'],
  ],
}

/** `stays` says what a clean-up must leave. It is no column. */
const charges: readonly { cells: string[]; stays: boolean }[] = [
  { cells: ['o1', '10.00', t(0), 'k-1'], stays: true },
  { cells: ['o2', '20.00', t(5), 'k-2b'], stays: false }, // the later one, though its id is lower
  { cells: ['o2', '20.00', t(1), 'k-2a'], stays: true },
  { cells: ['o3', '33.00', t(0), 'k-3a'], stays: true }, // no twin: another amount
  { cells: ['o3', '30.00', t(1), 'k-3b'], stays: true }, // agrees with the order, so it stays, though it is later
  { cells: ['o3', '30.00', t(2), 'k-3c'], stays: false },
  { cells: ['o5', '50.00', t(0), 'k-5a'], stays: true }, // ordered twice, charged three times
  { cells: ['o5', '50.00', t(1), 'k-5b'], stays: true },
  { cells: ['o5', '50.00', t(2), 'k-5c'], stays: false },
  { cells: ['o6', '60.00', t(0), 'k-6'], stays: true },
  { cells: ['x1', '5.00', t(0), 'k-7'], stays: true }, // nobody ordered it: no twin that would survive
  { cells: ['x1', '5.00', t(0), 'k-8'], stays: true },
]

const stay = charges.filter(({ stays }) => stays).map(({ cells }) => cells[3] ?? '')

function sorted(texts: readonly string[]): string[] {
  return texts.toSorted((a, b) => (a < b ? -1 : 1))
}

type Kind = 'sqlite' | 'postgres'

interface Place {
  readonly options: ReconcileOptions
  rows(this: void): Promise<Record<string, unknown>[]>
  change(this: void, statement: string): Promise<void>
  keys(this: void): Promise<string[]>
}

async function place(kind: Kind, mark: boolean): Promise<Place> {
  const columns = ['ref', 'amount', 'charged_at', 'idempotency_key', ...(mark ? ['deleted_at'] : [])]
  const rows = charges.map(({ cells }) => (mark ? [...cells, null] : cells))
  const right = await put(kind, { columns, rows }, { database })
  const table = new URL(right.replace('sqlite:', 'http://x')).searchParams.get('table') ?? ''
  const query = async (text: string): Promise<Record<string, unknown>[]> => {
    if (kind === 'postgres') return database.query(text)
    const db = new DatabaseSync(right.slice('sqlite:'.length, right.indexOf('?')))
    try {
      return db.prepare(text).all()
    } finally {
      db.close()
    }
  }
  const all = (): Promise<Record<string, unknown>[]> => query(`SELECT * FROM ${table} ORDER BY id`)
  return {
    options: { left: await put('csv', orders), right, on: 'ref', compare: 'amount', rightAt: 'charged_at' },
    rows: all,
    change: async (statement) => {
      await query(statement.replace('TABLE', table))
    },
    keys: async () =>
      (await all())
        .filter((row) => (row['deleted_at'] ?? null) === null)
        .map((row) => String(row['idempotency_key'])),
  }
}

const kinds = [
  ['postgres', true],
  ['postgres', false],
  ['sqlite', true],
  ['sqlite', false],
] as const

const approve = { approve: 'Dana', execute: true } as const

/** A plan holds no password. */
function sure(options: ReconcileOptions): { approve: string; execute: true; right: string } {
  return { ...approve, right: options.right }
}

describe.each(kinds)('a clean-up of %s (with deleted_at: %s)', (kind, mark) => {
  it('removes every row that repeats one that stays, and no other; again it changes nothing; undo brings all back', async () => {
    const { options, keys, rows } = await place(kind, mark)
    const before = await rows()
    const { plan, report } = await planCleanup(options)
    expect(report).toMatchObject({ duplicated: 2, uneven: 1, extra: 1, missing: 1 })
    expect(plan.action.kind).toBe(mark ? 'mark' : 'move')
    expect(plan.expected).toEqual({ keys: 3, keep: 5, remove: 3 })
    expect(sorted(plan.leftOut.listed.map(({ key }) => key[0] ?? ''))).toEqual(['o3', 'x1'])

    const dry = await applyPlan(plan, { right: options.right })
    expect(dry).toMatchObject({ executed: false, rows: 3, batches: 0 })
    expect(await rows()).toEqual(before)
    for (const { remove, twin, key } of dry.evidence) {
      const find = (id: readonly string[]): Record<string, unknown> | undefined =>
        before.find((row) => String(row['id']) === id[0])
      expect(find(remove)).toMatchObject({ ref: key[0], amount: find(twin)?.['amount'] })
      expect(stay).toContain(find(twin)?.['idempotency_key'])
    }

    const done = await applyPlan(plan, { ...sure(options), batchRows: 1 })
    expect(done).toMatchObject({ executed: true, by: 'Dana', rows: 3, batches: 3, before: 0 })
    expect(done.after).toMatchObject({ duplicated: 1, uneven: 0, extra: 1, missing: 1 })
    expect(sorted(await keys())).toEqual(sorted(stay))

    const after = await rows()
    expect(await applyPlan(plan, sure(options))).toMatchObject({
      executed: true,
      rows: 0,
      batches: 0,
      before: 3,
    })
    expect(await rows()).toEqual(after)

    const back = await undoPlan(plan, sure(options))
    expect(back).toMatchObject({ executed: true, rows: 3 })
    expect(await rows()).toEqual(before)
    expect(await undoPlan(plan, sure(options))).toMatchObject({ rows: 0 })
  })
})

describe.each([kinds[0], kinds[3]])('a plan of %s (with deleted_at: %s)', (kind, mark) => {
  it.each([
    ['a row of it was changed', `UPDATE TABLE SET amount = '20.50' WHERE idempotency_key = 'k-2b'`],
    ['the row that stays was changed', `UPDATE TABLE SET amount = '20.50' WHERE idempotency_key = 'k-2a'`],
    ['the row that stays is gone', `DELETE FROM TABLE WHERE idempotency_key = 'k-2a'`],
    [
      'another row has come',
      `INSERT INTO TABLE (ref, amount, charged_at, idempotency_key) VALUES ('o2', '20.00', '${t(9)}', 'new')`,
    ],
  ])('is refused whole where %s', async (_, statement) => {
    const { options, change, rows } = await place(kind, mark)
    const { plan } = await planCleanup(options)
    await change(statement)
    const before = await rows()
    await expect(applyPlan(plan, sure(options))).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(applyPlan(plan, { right: options.right })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await rows()).toEqual(before)
  })
})

describe('a clean-up', () => {
  async function planned(): Promise<{ plan: CleanupPlan } & Place> {
    const at = await place('sqlite', true)
    return { ...at, ...(await planCleanup(at.options)) }
  }

  it('is refused where the left side has another order of the key by now', async () => {
    const { plan, options } = await planned()
    const { left } = { left: await put('csv', { ...orders, rows: [...orders.rows, ['o2', '20.00']] }) }
    const { digest: _, ...rest } = plan
    const moved = { ...rest, question: { ...plan.question, left } }
    const { planDigest } = await import('../../src/reconcile/cleanup/plan.ts')
    const now = { ...moved, digest: planDigest(moved) }
    await expect(applyPlan(now)).rejects.toThrow('the left side has 2 rows of it now instead of 1')
    expect(options.left).not.toBe(left)
  })

  it('needs a name, and stays within its cap', async () => {
    const { plan, rows } = await planned()
    const before = await rows()
    await expect(applyPlan(plan, { execute: true })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(applyPlan(plan, { ...approve, cap: 2 })).rejects.toThrow('--cap 2')
    expect(await rows()).toEqual(before)
  })

  it('refuses a plan that was changed by hand', async () => {
    const { plan } = await planned()
    const text = JSON.stringify(plan)
    expect(parsePlan(text, 'plan.json')).toEqual(plan)
    expect(() => parsePlan(text.replace('"left":1', '"left":2'), 'plan.json')).toThrow('digest differs')
    const [first, ...more] = plan.keys
    const twinless = { ...plan, keys: [{ ...first, keep: [] }, ...more] }
    expect(() => parsePlan(JSON.stringify(twinless), 'plan.json')).toThrow('no clean-up plan')
  })

  it('leaves rows alone that differ from the one that stays, unless that is said to be nothing', async () => {
    const { options } = await place('sqlite', false)
    const { compare: _, ...without } = options
    const strict = await planCleanup(without)
    expect(strict.plan.twinColumns).toEqual(['amount'])
    expect(strict.plan.keys.flatMap(({ remove }) => remove)).toHaveLength(3 - 1)
    const loose = await planCleanup(without, { ignore: ['amount'] })
    expect(loose.plan.expected.remove).toBe(4)
  })

  it('keeps the latest where that is the rule', async () => {
    const { options } = await place('sqlite', false)
    const { plan } = await planCleanup(options, { keep: 'last' })
    expect(plan.keys.find(({ key }) => key[0] === 'o2')).toMatchObject({
      keep: [{ id: ['2'] }],
      remove: [{ id: ['3'], twin: ['2'] }],
    })
    expect(plan.rule).toContain('the latest ones')
  })

  it('makes a list for a partner, of a file too, and does not pretend to change the file', async () => {
    const rows = charges.map(({ cells }, at) => [`ch_${at}`, ...cells])
    const right = await put('csv', { columns: ['charge_id', 'ref', 'amount', 'charged_at', 'key'], rows })
    const { plan } = await planCleanup({
      left: await put('csv', orders),
      right,
      on: 'ref',
      compare: 'amount',
      rightAt: 'charged_at',
    })
    expect(recallCsv(plan).split('\r\n').slice(0, 2)).toEqual([
      'ref,recall_charge_id,keep_charge_id,reason,plan',
      `o2,ch_1,ch_2,repeats ch_2,${plan.id}`,
    ])
    expect(await applyPlan(plan)).toMatchObject({ rows: 3 })
    await expect(applyPlan(plan, approve)).rejects.toThrow('cannot be changed from here')
    expect(await reconcile(plan.question)).toMatchObject({ duplicated: 2 })
  })
})

it('lists the 1,842 drafts too many of the overnight run, of 46,217, each with the one that stays', async () => {
  const [head = '', ...lines] = overnight().night.text.trim().split('\n')
  const rows = lines.map((line) => line.split(','))
  const first = new Map(rows.toReversed().map((row) => [row[1] ?? '', row]))
  const left = await put('csv', {
    columns: ['order_ref', 'amount'],
    rows: [...first].map(([ref, row]) => [ref, row[5] ?? '']),
  })
  const right = await put('csv', { columns: head.split(','), rows })
  const question = { left, right, on: 'order_ref', compare: 'amount', rightAt: 'created_at' }
  const { plan, report } = await planCleanup(question)
  expect(report).toMatchObject({
    duplicated: 1842,
    right: { rows: 46_217, keys: 44_375 },
    missing: 0,
    extra: 0,
  })
  expect(plan.expected).toEqual({ keys: 1842, keep: 1842, remove: 1842 })
  const wrong = plan.keys.filter(({ key, keep }) => keep[0]?.id[0] !== first.get(key[0] ?? '')?.[0])
  expect(wrong).toEqual([])
  expect(recallCsv(plan).trim().split('\r\n')).toHaveLength(1843)
}, 30_000)

describe.each(['sqlite', 'postgres'] as const)('a plan of %s with composed keys', (kind) => {
  it('calls for each row once, however often it is applied, and by whichever plan', async () => {
    const columns = ['order', 'line', 'amount']
    const rows = [
      ['o1', '1', '5'],
      ['o1', '2', '5'],
      ['o1', '2', '5'],
      ["o'2", '1', '5'],
      ["o'2", '1', '5'],
    ]
    const left = await put('csv', {
      columns,
      rows: [
        ['o1', '1', '5'],
        ['o1', '2', '5'],
        ["o'2", '1', '5'],
      ],
    })
    const right = await put(kind, { columns, rows }, { database })
    const calls: { key?: string; body: unknown }[] = []
    const server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        calls.push({ key: String(request.headers['idempotency-key']), body: JSON.parse(text) })
        // What it deduplicates by its key may be asked again.
        if (calls.length === 1) response.writeHead(500).end()
        else response.end()
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const ledger = createOnceward({ store: memoryStore(), scope: 'test', sweep: false })
    try {
      const call = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const question = { left, right, on: 'order,line', compare: 'amount' }
      const { plan } = await planCleanup(question, { call, callSafety: 'keyed' })
      expect(plan.expected).toEqual({ keys: 2, keep: 2, remove: 2 })
      const options = { ...approve, right, once: ledger }
      await expect(applyPlan(plan, { ...approve, right })).rejects.toThrow('needs a ledger')
      const first = await applyPlan(plan, options)
      expect(first.calls).toMatchObject({ done: 1, failed: 0, inDoubt: 1 })
      const second = await applyPlan(plan, options)
      expect(second.calls).toEqual({ done: 2, replayed: 1, failed: 0, inDoubt: 0 })
      const { plan: another } = await planCleanup(question, { call, callSafety: 'keyed' })
      expect((await applyPlan(another, options)).calls).toMatchObject({ done: 2, replayed: 2 })
      expect(calls).toHaveLength(3)
      expect(new Set(calls.map(({ key }) => key)).size).toBe(2)
      expect(calls[2]?.body).toMatchObject({ reason: 'duplicate', columns: ['id'], by: 'Dana' })
    } finally {
      await ledger.close()
      server.close()
    }
  })
})
