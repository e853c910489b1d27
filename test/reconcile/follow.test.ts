import { appendFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { followReconcile, type FollowRound, reconcileHistory } from '../../src/reconcile/index.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import type { Store } from '../../src/ledger/store.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { put, type Rows } from './support/places.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})

afterAll(async () => {
  await database.drop()
})

/** Long ago, by minutes; or `ago` milliseconds before now. */
const old = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 10, minute)).toISOString()
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString()

interface Side {
  readonly source: string
  add(ref: string, at: string): Promise<void>
}

async function side(kind: 'csv' | 'postgres', refs: readonly string[]): Promise<Side> {
  const rows: Rows = { columns: ['ref', 'at'], rows: refs.map((ref, minute) => [ref, old(minute)]) }
  const source = await put(kind, rows, { database })
  const table = kind === 'postgres' ? (new URL(source).searchParams.get('table') ?? '') : ''
  return {
    source,
    add: async (ref, at) => {
      if (kind === 'csv') appendFileSync(source, `${ref},${at}\n`)
      else await database.query(`INSERT INTO ${table} (ref, at) VALUES ('${ref}', '${at}')`)
    },
  }
}

it.each(['postgres', 'csv'] as const)(
  'compares what is new, round after round, across restarts (%s)',
  async (kind) => {
    const refs = Array.from({ length: 200 }, (_, at) => `o${at}`)
    const [left, right] = [await side(kind, refs), await side(kind, refs.slice(1))]
    const store: Store = memoryStore()
    await store.open()
    const round = async (): Promise<FollowRound> => {
      const rounds = followReconcile({
        left: left.source,
        right: right.source,
        on: 'ref',
        leftAt: 'at',
        rightAt: 'at',
        graceMs: 600_000,
        name: 'payments',
        rounds: 1,
        store,
      })
      for await (const one of rounds) return one
      throw new Error('no round')
    }
    const first = await round()
    expect(first).toMatchObject({ isWhole: true, report: { missing: 1, left: { rows: 200 } } })
    expect(first.alerts.map(({ key }) => key)).toEqual(['o0'])

    // A payment of just now may still be told of; the one of long ago is missing still, though nothing of it is new.
    await left.add('n1', ago(1000))
    expect(await round()).toMatchObject({ isWhole: false, report: { missing: 1, pending: 1, clean: false } })
    await right.add('n1', ago(500))
    await right.add('o0', ago(500))
    const third = await round()
    expect(third).toMatchObject({ report: { missing: 0, pending: 0, clean: true } })
    expect(third.report.left.rows).toBe(1)

    // A key that was settled long ago comes again.
    await right.add('o100', ago(100))
    const fourth = await round()
    expect(fourth).toMatchObject({ report: { duplicated: 1, clean: false } })
    expect(fourth.alerts).toMatchObject([{ kind: 'duplicated', key: 'o100', left: 1, right: 2 }])

    const history = await reconcileHistory(store, 'payments')
    expect(history.map(({ report }) => report.clean)).toEqual([false, false, true, false])
    await store.close()
  },
)

it('refuses a second follower of the same name, and sides without times', async () => {
  const { source } = await side('csv', ['a'])
  const store = memoryStore()
  await store.open()
  const options = { left: source, right: source, on: 'ref', leftAt: 'at', rightAt: 'at', everyMs: 10, store }
  const one = followReconcile({ ...options, name: 'x' })
  const two = followReconcile({ ...options, name: 'x' })
  await one.next()
  await two.next()
  await expect(one.next()).rejects.toMatchObject({ code: 'CONFLICT' })
  await two.return()
  const { leftAt: _, ...without } = options
  await expect(followReconcile(without).next()).rejects.toThrow('--watch needs --left-at')
})
