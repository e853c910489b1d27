import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { audit, type AuditOptions, watchDuplicates } from '../../src/reconcile/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

let directory: string

beforeEach(() => {
  directory = temporaryDirectory()
})

function put(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const good = 'order_ref,amount,at\nA,1.00,2026-01-01T10:00:00Z\nA,1.00,2026-01-01T10:00:02Z\n'

const refused: readonly (readonly [string, string, string | Uint8Array, string])[] = [
  ['nothing', 'a.csv', '', 'is empty'],
  ['white space', 'a.csv', ' \n\n', 'is empty'],
  ['a workbook', 'a.csv', 'PK\u0003\u0004….', 'Excel'],
  ['a SQLite database', 'a.csv', 'SQLite format 3\u0000', 'SQLite'],
  ['a PDF', 'a.csv', '%PDF-1.7', 'a PDF'],
  ['a page', 'a.csv', '<!doctype html><p>Sign in', 'HTML'],
  ['a JSON array', 'a.json', '[\n{"order_ref":"A"}]', 'a JSON array'],
  ['bytes of any kind', 'a.csv', new Uint8Array([1, 2, 0, 0, 255, 0, 7, 7, 0, 9]), 'binary'],
  ['half a gzip file', 'a.csv.gz', gzipSync(good.repeat(50)).subarray(0, 40), 'no whole gzip file'],
  ['JSON lines of which none is an object', 'a.jsonl', '{broken\n{"a"\n', 'none of its lines'],
  [
    'a quote that swallows all',
    'a.csv',
    `order_ref,x\nA,1\nB,"2\n${'C,3\n'.repeat(200)}`,
    'opened in line 3 never closes',
  ],
]

describe('what cannot be read is refused, and says what it is', () => {
  it.each(refused.map(([what, name, content, words]) => ({ what, name, content, words })))(
    '$what',
    async ({ name, content, words }) => {
      const path = put(name, content)
      await expect(audit(path, { ref: ['order_ref'] })).rejects.toMatchObject({
        code: expect.stringMatching(/^(SOURCE|OPTION)_INVALID$/),
        message: expect.stringContaining(words),
      })
    },
  )

  it('a quote that swallows all, in the other engine too', async () => {
    const path = put('a.csv', `order_ref,x\nA,1\nB,"2\n${'C,3\n'.repeat(200)}`)
    await expect(audit(path, { engine: 'duckdb' })).rejects.toMatchObject({
      message: expect.stringContaining('opened in line 3 never closes'),
    })
  })

  it('files of several formats, and files that lack a column', async () => {
    put('1.csv', 'order_ref,amount\nA,1\n')
    put('2.csv', 'order_ref\nA\n')
    await expect(audit(join(directory, '*.csv'))).rejects.toMatchObject({
      message: expect.stringMatching(/2\.csv has no column "amount"/),
    })
    put('3.jsonl', '{"order_ref":"A"}\n')
    await expect(audit(join(directory, '{1,3}.*'))).rejects.toMatchObject({
      message: expect.stringContaining('several formats'),
    })
  })
})

describe.each(['node', 'duckdb'] as const)(
  'broken rows are counted and named, and the rest is read (%s)',
  (engine) => {
    it('of CSV', async () => {
      const more = Array.from({ length: 10 }, (_, at) => `M${at},1.00,2026-01-01T11:00:00Z\n`).join('')
      const path = put(
        'a.csv',
        `${good}B,1.00\nC,1.00,2026-01-01T10:00:03Z,more\nD,x,yesterday\n,1.00,2026-01-01T10:00:04Z\n${more}`,
      )
      const report = await audit(path, { engine })
      expect(report).toMatchObject({
        rows: 13,
        refs: 12,
        duplicateRefs: 1,
        extraAmount: 100,
        withoutRef: 1,
        rejectedRows: 2,
      })
      expect(report.rejected).toEqual([
        { line: 4, why: '2 columns instead of 3' },
        { line: 5, why: '4 columns instead of 3' },
      ])
      expect(report.notes.join('\n')).toMatch(
        /1 rows have no order_ref[^]*1 values of at are no times[^]*1 values of amount are no amounts/,
      )
    })

    it('of JSON lines', async () => {
      const path = put('a.jsonl', '{"order_ref":"A"}\n\n{"order_ref":\n[1]\n{"order_ref":"A"}\n')
      const report = await audit(path, { engine })
      expect(report).toMatchObject({ rows: 2, duplicateRefs: 1, rejectedRows: 2 })
      expect(report.rejected).toEqual([
        { line: 3, why: 'not valid JSON' },
        { line: 4, why: 'not a JSON object' },
      ])
    })

    it('of several files of JSON lines, with the file', async () => {
      put('1.jsonl', '{"order_ref":"A"}\n{"order_ref":"B"}\n')
      const second = put('2.jsonl', '{"order_ref":"A"}\n{broken\n')
      const report = await audit(join(directory, '*.jsonl'), { engine })
      expect(report).toMatchObject({ rows: 3, duplicateRefs: 1 })
      expect(report.rejected).toEqual([{ line: 2, why: 'not valid JSON', file: second }])
    })

    it('of several files, with the file', async () => {
      put('1.csv', good)
      const second = put('2.csv', `${good}B\n`)
      const report = await audit(join(directory, '*.csv'), { engine })
      expect(report.rejected).toEqual([{ line: 4, why: '1 columns instead of 3', file: second }])
    })
  },
)

describe('an option that is wrong is named, with what was expected', () => {
  it.each<[AuditOptions, string]>([
    [{ ref: ['order_rf'] }, '--ref must be a column of'],
    [{ ref: ['order_rf'] }, 'Did you mean "order_ref"?'],
    [{ ref: ['order_ref'], amount: 'AMOUNT' }, 'Did you mean "amount"?'],
    [{ ref: ['order_ref'], ignore: ['note'] }, '--ignore must be a column of'],
    [{ ref: [] }, '--ref must be at least one column'],
    [{ withinMs: 0 }, '--within must be'],
    [{ limit: -1 }, '--limit must be'],
    [{ engine: 'spark' as 'node' }, '--engine must be one of auto, node, duckdb'],
    [{ encoding: 'ebcdic' as 'latin1' }, '--encoding must be one of'],
    [{ delimiter: ';;' }, '--delimiter must be one character'],
    [{ memory: 'much' }, '--memory must be a size such as 2GB'],
    [{ known: { lease: -1 } }, '--known lease must be'],
  ])('%o: %s', async (options, words) => {
    await expect(audit(put('a.csv', good), options)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining(words),
    })
  })

  it('a column whose name stands there twice is no reference', async () => {
    const path = put('a.csv', 'ref,ref,note\nA,B,x\nA,B,x\n')
    await expect(audit(path, { ref: ['ref'] })).rejects.toMatchObject({
      message: expect.stringContaining('several columns named "ref"'),
    })
    const report = await audit(path, { ref: ['note'] })
    expect(report.notes.join()).toContain('Several columns are named "ref"')
  })

  it.each(['node', 'duckdb'] as const)(
    'names that differ in capitals alone get a number, too (%s)',
    async (engine) => {
      const report = await audit(put('a.csv', 'Ref,ref\nA,1\nA,2\n'), {
        engine,
        ref: ['Ref'],
        effect: 'none',
      })
      expect(report.columns.map(({ name }) => name)).toEqual(['Ref', 'ref (2)'])
      expect(report).toMatchObject({ duplicateRefs: 1, certainty: { possible: 1 } })
    },
  )

  it('nothing that looks like a reference is asked for', async () => {
    await expect(audit(put('a.csv', 'colour,size\nred,1\n'))).rejects.toMatchObject({
      message: expect.stringMatching(/--ref is needed.*"colour", "size"/),
    })
  })

  it('what comes many times each is not taken for a reference', async () => {
    const rows = Array.from(
      { length: 60 },
      (_, at) => `CUST-${at % 4},9.99,2026-01-0${(at % 9) + 1}T10:00:00Z\n`,
    ).join('')
    await expect(audit(put('a.csv', `customer_id,amount,at\n${rows}`))).rejects.toMatchObject({
      message: expect.stringContaining('--ref is needed'),
    })
  })

  it('what cannot be watched', async () => {
    const watched = async (source: string): Promise<unknown> => watchDuplicates(source).next()
    await expect(watched('-')).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(watched(put('a.csv.gz', gzipSync(good)))).rejects.toMatchObject({
      message: expect.stringContaining('plain CSV or JSONL'),
    })
  })
})

it('a header without rows is no rows, and no fault', async () => {
  expect(await audit(put('a.csv', 'order_ref,amount\n'))).toMatchObject({
    rows: 0,
    refs: 0,
    duplicateRefs: 0,
  })
})

it('what is inside counts, and an ending that lies is mentioned', async () => {
  const report = await audit(put('a.parquet', good))
  expect(report).toMatchObject({ duplicateRefs: 1, reading: 'CSV with commas, UTF-8' })
  expect(report.notes.join()).toContain('ends in .parquet and holds CSV')
  expect((await audit(put('b.csv', gzipSync(good)))).notes.join()).toContain('is compressed with gzip')
})

it('columns of several types are mentioned', async () => {
  const rows = Array.from({ length: 20 }, (_, at) => `A${at},${at === 7 ? 'n/a' : at}\n`).join('')
  const report = await audit(put('a.csv', `order_ref,amount\n${rows}`))
  expect(report.columns).toMatchObject([{ type: 'text' }, { type: 'mixed' }])
  expect(report.notes.join('\n')).toMatch(
    /1 values of amount are no amounts[^]*Values of several types: amount/,
  )
})
