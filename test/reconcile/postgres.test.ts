import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { audit, watchDuplicates } from '../../src/reconcile/index.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { cellsOf, Effects } from './support/effects.ts'
import { truthOf } from './support/held.ts'
import { decoys, stories } from './support/stories.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database?.drop())

function sourceOf(rest: string): string {
  return `${database.url}?${rest}`
}

async function insert(table: string, effects: Effects): Promise<void> {
  const cells = effects.rows.map(cellsOf)
  const column = (at: number): string[] => cells.map((row) => row[at] ?? '')
  await database.query(
    `INSERT INTO ${table} SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::numeric[], $6::text[], $7::int[], $8::int[])`,
    [0, 1, 2, 3, 4, 5, 6, 7].map(column),
  )
}

function create(table: string): Promise<unknown> {
  return database.query(
    `CREATE TABLE ${table} (order_ref text, charge_id text, idempotency_key text, created_at timestamptz, amount numeric(12,2), worker text, segment int, instalment int)`,
  )
}

describe('a table of PostgreSQL', () => {
  it('is counted where it lies, to the row: all stories and all that only looks like one', async () => {
    const effects = new Effects(11)
    const told = stories.filter(({ name }) => !/^(the whole job|an hour|segments|one block)/.test(name))
    for (const story of [...told, ...decoys]) story.tell(effects, effects.orders(100))
    await create('charges')
    await insert('charges', effects)
    const options = { ref: ['order_ref'], known: { lease: 30_000 } }
    const report = await audit(sourceOf('table=charges'), options)
    expect(truthOf(report)).toEqual(effects.truth)
    expect(report).toMatchObject({ engine: 'postgres', reading: 'a table of PostgreSQL' })
    expect(report.columns.map(({ type }) => type)).toEqual([
      'text',
      'text',
      'text',
      'time',
      'decimal',
      'text',
      'integer',
      'integer',
    ])
    const query = encodeURIComponent('SELECT * FROM public.charges WHERE amount < 0;')
    expect(await audit(sourceOf(`query=${query}`), options)).toMatchObject({
      duplicateRefs: 0,
      reading: 'a query of PostgreSQL',
    })
  })

  it('finds segments, columns of other types, and several columns of a reference', async () => {
    const effects = new Effects(12)
    const story = stories.find(({ name }) => name.startsWith('segments'))
    story?.tell(effects, effects.orders(200))
    await create('"Odd Names"')
    await insert('"Odd Names"', effects)
    const report = await audit(sourceOf('table=public.Odd%20Names'), {
      ref: ['order_ref', 'segment'],
      segment: 'segment',
      key: 'none',
    })
    expect(truthOf(report)).toEqual(effects.truth)
  })

  it('says which table is meant, and that times have no zone', async () => {
    await database.query('CREATE TABLE drafts (order_ref int, at timestamp)')
    await database.query(
      `INSERT INTO drafts VALUES (1, '2026-01-01 10:00'), (1, '2026-01-01 10:00:02'), (NULL, NULL)`,
    )
    await expect(audit(sourceOf('table=draft'))).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('Did you mean "drafts"?'),
    })
    const report = await audit(sourceOf('table=drafts'))
    expect(report).toMatchObject({ rows: 2, withoutRef: 1, duplicateRefs: 1, window: null })
    expect(report.groups).toMatchObject([{ ref: '1', gapMs: 2000 }])
    expect(report.notes.join()).toContain('have no time zone')
  })

  it('never tells a password, and ends as unavailable where it is refused', async () => {
    const url = new URL(database.url)
    url.username = 'nobody_of_that_name'
    url.password = 'sesame-open'
    const error = await audit(`${url.href}?table=drafts`).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    expect(JSON.stringify([error, (error as Error).stack, (error as Error).cause])).not.toContain('sesame')
  })

  it('reads only', async () => {
    await database.query('CREATE TABLE precious (order_ref text)')
    const query = encodeURIComponent('WITH gone AS (DELETE FROM precious RETURNING *) SELECT * FROM gone')
    await expect(audit(sourceOf(`query=${query}`), { ref: ['order_ref'] })).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
    })
  })
})

it('a table that grows is watched, also where a row commits late', async () => {
  await database.query('CREATE TABLE charges_now (id bigint, order_ref text, at timestamptz, amount int)')
  const add = (id: number, ref: string, at: string): Promise<unknown> =>
    database.query(`INSERT INTO charges_now VALUES (${id}, '${ref}', '2026-01-01T10:00:${at}Z', 100)`)
  for (const [id, ref] of ['A', 'B', 'B'].entries()) await add(id, ref, `0${id}`)
  const controller = new AbortController()
  const events = watchDuplicates(sourceOf('table=charges_now'), {
    cursor: 'id',
    everyMs: 20,
    signal: controller.signal,
  })
  const next = async (): Promise<unknown> => (await events.next()).value
  expect(await next()).toMatchObject({ kind: 'ready', duplicateRefs: 1 })
  await add(10, 'C', '10')
  await add(11, 'A', '11')
  expect(await next()).toMatchObject({ kind: 'alert', group: { ref: 'A', count: 2, gapMs: 11_000 } })
  // Its number is lower than one that was seen.
  await add(9, 'C', '12')
  expect(await next()).toMatchObject({ kind: 'alert', group: { ref: 'C', count: 2 } })
  controller.abort()
  expect(await events.next()).toMatchObject({ done: true })
})
