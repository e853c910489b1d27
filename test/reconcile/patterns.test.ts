import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { audit, type AuditOptions, type AuditReport } from '../../src/reconcile/index.ts'
import { openDuckdb } from '../../src/reconcile/sources/duckdb-driver.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { csvOf, Effects, jsonlOf } from './support/effects.ts'
import { truthOf } from './support/held.ts'
import { decoys, type Story, stories, toldOf } from './support/stories.ts'

const testSize = process.env['ONCEWARD_TEST_SIZE'] ?? 'small'
const sizes = { verify: [10, 1000, 100_000], full: [10, 1000, 100_000, 1_000_000] }[testSize] ?? [10, 1000]
const timeoutMs = 600_000

/** Both engines are held to the same truth, and must say the same words. */
async function bothEngines(text: string, name: string, options: AuditOptions = {}): Promise<AuditReport> {
  const path = join(temporaryDirectory(), name)
  writeFileSync(path, text)
  const node = await audit(path, { ...options, engine: 'node' })
  const duckdb = await audit(path, { ...options, engine: 'duckdb' })
  const { engine: _node, durationMs: _here, ...said } = node
  const { engine: _duckdb, durationMs: _there, ...alsoSaid } = duckdb
  expect(alsoSaid).toEqual(said)
  return node
}

function optionsOf(story: Story): AuditOptions {
  return { ref: ['order_ref'], ...(story.known && { known: story.known }) }
}

describe.each(stories)('$name', (story) => {
  it.each(sizes.filter((size) => size >= (story.minOrders ?? 0)))(
    'is found among %i orders, and nothing else',
    async (size) => {
      const effects = toldOf(story, size)
      const report = await bothEngines(
        csvOf(effects, { omit: story.omit ?? [] }),
        'effects.csv',
        optionsOf(story),
      )
      expect(truthOf(report)).toEqual(effects.truth)
    },
    timeoutMs,
  )
})

describe.each(decoys)('$name', (story) => {
  it.each(sizes)(
    'is no duplicate among %i orders',
    async (size) => {
      const effects = toldOf(story, size)
      const report = await bothEngines(csvOf(effects), 'effects.csv', optionsOf(story))
      expect(truthOf(report)).toEqual({
        ...effects.truth,
        duplicateRefs: 0,
        extraRows: 0,
        extraAmount: 0,
        patterns: new Set(),
      })
    },
    timeoutMs,
  )
})

it.each([
  ['csv', 1200],
  ['jsonl', 1200],
] as const)('everything at once, as %s, is counted to the row', async (format, size) => {
  const effects = new Effects(7)
  const told = stories.filter(({ name }) => !/^(the whole job|an hour|segments|one block)/.test(name))
  for (const story of [...told, ...decoys]) story.tell(effects, effects.orders(size / 10))
  const text = format === 'csv' ? csvOf(effects) : jsonlOf(effects)
  const report = await bothEngines(text, `effects.${format}`, {
    ref: ['order_ref'],
    known: { lease: 30_000 },
  })
  expect(truthOf(report)).toEqual(effects.truth)
})

it(
  'ten million rows of Parquet are counted to the row',
  async (context) => {
    if (testSize !== 'full') return context.skip('ten million rows are for ONCEWARD_TEST_SIZE=full')
    const directory = temporaryDirectory()
    const path = join(directory, 'effects.parquet')
    const rows = 10_000_000
    // Each twenty-fifth row does again what stood 13 rows before it, two seconds after that.
    const source = 'CASE WHEN i % 25 = 24 THEN i - 13 ELSE i END'
    const db = await openDuckdb({ directory, memory: '4GB' })
    await db.run(`COPY (SELECT 'ORD-' || (100000000 + ${source}) AS order_ref, 'ch_' || i AS charge_id,
    make_timestamp(1767225600000000 + (${source}) * 2500 + CASE WHEN i % 25 = 24 THEN 2000000 ELSE 0 END)::TIMESTAMPTZ AS created_at,
    ((${source}) % 1000 / 100)::DECIMAL(10, 2) AS amount FROM range(${rows}) numbers(i)) TO '${path}'`)
    db.close()
    const report = await audit(path, { limit: 10 })
    const duplicates = rows / 25
    let extraAmount = 0
    for (let i = 24; i < rows; i += 25) extraAmount += (i - 13) % 1000
    expect(report).toMatchObject({
      rows,
      refs: rows - duplicates,
      duplicateRefs: duplicates,
      extraRows: duplicates,
      extraAmount,
    })
    expect(report.patterns.map(({ kind }) => kind)).toEqual(['fixed-interval'])
  },
  timeoutMs,
)
