import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { audit, type AuditReport } from '../../src/reconcile/index.ts'
import { root } from '../support/repo.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type Csv, fulfilment, overnight, registrations } from './support/incidents.ts'

function written(...files: readonly Csv[]): string[] {
  const directory = temporaryDirectory()
  return files.map(({ name, text }) => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  })
}

function kinds({ patterns }: AuditReport): Record<string, number> {
  return Object.fromEntries(patterns.map(({ kind, share }) => [kind, share]))
}

describe('the overnight run', () => {
  it.each(['node', 'duckdb'] as const)(
    'has 1,842 drafts too many of 46,217, in segments 7 to 12, and 4.1 %% more rows (%s)',
    async (engine) => {
      const { night, nightBefore } = overnight()
      const [path = '', baseline = ''] = written(night, nightBefore)
      const report = await audit(path, { engine, baseline })
      expect(report).toMatchObject({ rows: 46_217, refs: 44_375, duplicateRefs: 1842, extraRows: 1842 })
      expect(report.certainty).toEqual({ sure: 0, likely: 1842, possible: 0 })
      expect(report.unclear.refs).toBe(0)
      expect(kinds(report)).toEqual({ 'segment-contiguous': 1 })
      expect(report.patterns[0]?.detail).toContain('segments 7 to 12 of 145, every item of them')
      expect(report.baseline?.changeShare?.toFixed(3)).toBe('0.041')
      // Written at 02:11 by a clock an hour ahead of UTC.
      expect(report.groups[0]?.firstAt).toMatch(/^2026-06-03T01:11/)
    },
  )
})

describe('the fulfilment incident', () => {
  it('has 23 batches that were dispatched again, five minutes later, under keys made of the time', async () => {
    const [path = ''] = written(fulfilment().dispatches)
    const report = await audit(path)
    expect(report).toMatchObject({ rows: 84, refs: 61, duplicateRefs: 23, extraRows: 23 })
    expect(kinds(report)).toEqual({ 'key-per-attempt': 1, 'timestamp-in-key': 1, 'fixed-interval': 1 })
    expect(report.patterns.find(({ kind }) => kind === 'fixed-interval')?.detail).toContain('5 min apart')
    expect(
      report.groups.every(({ keyRelation, payload }) => keyRelation === 'different' && payload === 'same'),
    ).toBe(true)
  })

  it('has 847 SKUs in them', async () => {
    const [path = ''] = written(fulfilment().lines)
    const report = await audit(path, { ref: ['batch_id', 'sku'], effect: 'line_id' })
    expect(report).toMatchObject({ duplicateRefs: 847, extraRows: 847 })
    expect(report.groups[0]?.ref).toEqual([expect.stringMatching(/^B-/), expect.stringMatching(/^SKU-/)])
  })
})

it('three requests at :15, :17 and :19 are a retry every two seconds', async () => {
  const [path = ''] = written(registrations())
  const report = await audit(path)
  expect(report).toMatchObject({ rows: 22, duplicateRefs: 1, extraRows: 2 })
  expect(report.groups).toMatchObject([
    { ref: 'CUST_7890', count: 3, gapMs: 2000, payload: 'same', keyRelation: 'none' },
  ])
  expect(report.patterns).toEqual([
    {
      kind: 'fixed-interval',
      share: 1,
      detail: '2 s apart, several times in a row: a retry with a fixed delay',
    },
  ])
})

it('the example gives what the guide says of it', async () => {
  const report = await audit(join(root, 'examples/audit/charges.csv'))
  expect(report).toMatchObject({
    refs: 34,
    duplicateRefs: 5,
    extraRows: 6,
    extraAmount: 74_346,
    unclear: { refs: 1 },
  })
  expect(kinds(report)).toEqual({ 'fixed-interval': 1, 'key-per-attempt': 1 })
})
