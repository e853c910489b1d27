import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { audit, type AuditOptions, type AuditReport } from '../../src/reconcile/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { csvOf, Effects, jsonlOf } from './support/effects.ts'
import { truthOf } from './support/held.ts'
import { decoys, type Story, stories, toldOf } from './support/stories.ts'

const sizes = process.env['ONCEWARD_TEST_SIZE'] === undefined ? [10, 1000] : [10, 1000, 100_000]

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
  )
})

describe.each(decoys)('$name', (story) => {
  it.each(sizes)('is no duplicate among %i orders', async (size) => {
    const effects = toldOf(story, size)
    const report = await bothEngines(csvOf(effects), 'effects.csv', optionsOf(story))
    expect(truthOf(report)).toEqual({
      ...effects.truth,
      duplicateRefs: 0,
      extraRows: 0,
      extraAmount: 0,
      patterns: new Set(),
    })
  })
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
