import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { audit, type AuditOptions, openSource } from '../../src/reconcile/index.ts'
import { openDuckdb } from '../../src/reconcile/sources/duckdb-driver.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

let directory: string

beforeEach(() => {
  directory = temporaryDirectory()
})

const table = [
  ['order_ref', 'note', 'at', 'amount'],
  ['A', 'café, "au lait"', '2026-01-01T10:00:00Z', '12.30'],
  ['B', 'two\nlines', '2026-01-01T10:00:01Z', '1.00'],
  ['A', 'café, "au lait"', '2026-01-01T10:00:02Z', '12.30'],
] as const

function csv(delimiter: string, end = '\n'): string {
  return (
    table.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter)).join(end) + end
  )
}

function put(name: string, content: string | Uint8Array): string {
  const path = join(directory, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return path
}

const found = { rows: 3, refs: 2, duplicateRefs: 1, extraRows: 1, extraAmount: 1230, rejectedRows: 0 }

const texts: readonly (readonly [string, string, Uint8Array, string])[] = [
  ['commas', 'a.csv', Buffer.from(csv(',')), 'CSV with commas, UTF-8'],
  ['semicolons and CRLF', 'a.csv', Buffer.from(csv(';', '\r\n')), 'CSV with semicolons, UTF-8'],
  ['tabs', 'a.tsv', Buffer.from(csv('\t')), 'CSV with tabs, UTF-8'],
  ['bars', 'a.txt', Buffer.from(csv('|')), 'CSV with bars, UTF-8'],
  ['a byte-order mark', 'a.csv', Buffer.from(`\ufeff${csv(',')}`), 'CSV with commas, UTF-8'],
  ['UTF-16 with its mark', 'a.csv', Buffer.from(`\ufeff${csv(',')}`, 'utf16le'), 'CSV with commas, UTF-16LE'],
  ['UTF-16 without it', 'a.csv', Buffer.from(csv(','), 'utf16le'), 'CSV with commas, UTF-16LE'],
  ['Latin-1', 'a.csv', Buffer.from(csv(','), 'latin1'), 'CSV with commas, LATIN1'],
  ['gzip', 'a.csv.gz', gzipSync(csv(',')), 'CSV with commas, UTF-8, gzip'],
  ['zstd', 'a.csv.zst', zstdCompressSync(csv(',')), 'CSV with commas, UTF-8, zstd'],
  ['JSON lines', 'a.jsonl', Buffer.from(jsonl()), 'JSON lines, UTF-8'],
  ['JSON lines in gzip', 'a.jsonl.gz', gzipSync(jsonl()), 'JSON lines, UTF-8, gzip'],
]

function jsonl(): string {
  const [, ...rows] = table
  return rows
    .map(
      ([ref, note, at, amount]) =>
        `{"order_ref":"${ref}","note":${JSON.stringify(note)},"at":"${at}","amount":${amount}}\n`,
    )
    .join('')
}

describe.each(['node', 'duckdb'] as const)('the %s engine', (engine) => {
  const files = texts.map(([what, name, content, reading]) => ({ what, name, content, reading }))
  it.each(files)('reads $what', async ({ name, content, reading }) => {
    const report = await audit(put(name, content), { engine })
    expect(report).toMatchObject({ ...found, reading })
    expect(report.groups).toMatchObject([{ ref: 'A', gapMs: 2000, payload: 'same' }])
  })

  it('reads a file whose quotes are single ones, and one whose quotes mean nothing', async () => {
    const single = put('a.csv', "'order_ref','note'\n'A','x, y'\n'A','x, y'\n")
    expect(await audit(single, { engine })).toMatchObject({ duplicateRefs: 1, rejectedRows: 0 })
    const literal = put('b.csv', 'order_ref,note\nA,"2 inch\nA,"2 inch\n')
    expect(await audit(literal, { engine, quote: 'none' })).toMatchObject({ rows: 2, duplicateRefs: 1 })
  })

  it('reads members of objects by their path, and long ids to the last digit', async () => {
    const line = (id: string, at: number): string =>
      `{"data":{"object":{"id":${id}}},"created":${1767261600 + at},"amount":10.0}\n`
    const path = put(
      'events.jsonl',
      line('12345678901234567890', 0) + line('12345678901234567891', 1) + line('12345678901234567890', 2),
    )
    const report = await audit(path, { engine, ref: ['data.object.id'] })
    expect(report).toMatchObject({ rows: 3, duplicateRefs: 1, extraAmount: 1000 })
    expect(report.groups).toMatchObject([
      { ref: '12345678901234567890', gapMs: 2000, firstAt: '2026-01-01T10:00:00.000Z' },
    ])
  })

  it('takes the files of a glob for one source, in whatever order their columns are', async () => {
    put('night/a.csv', 'order_ref,amount\nA,100\nB,200\n')
    put('night/b.csv', 'amount,order_ref\n100,A\n300,C\n')
    const report = await audit(join(directory, 'night/*.csv'), { engine })
    expect(report).toMatchObject({ rows: 4, refs: 3, duplicateRefs: 1, extraAmount: 100 })
  })

  it.each([
    ['1.234,50', 123_450],
    ['1,234.50', 123_450],
    ['€ 12,5', 1250],
    ['USD 12.50', 1250],
    ['-12.50', -1250],
    ['1250', 1250],
  ])('reads the amount %s', async (amount, minor) => {
    const report = await audit(put('a.csv', `order_ref;amount\nA;${amount}\nA;${amount}\n`), { engine })
    expect(report.extraAmount).toBe(minor)
  })

  it.each([
    ['2026-01-01T10:00:00+02:00', '2026-01-01T08:00:00.000Z', {}],
    ['2026-01-01 10:00:00.5+00', '2026-01-01T10:00:00.500Z', {}],
    ['2026-01-01 10:00:00 UTC', '2026-01-01T10:00:00.000Z', {}],
    ['1767261600', '2026-01-01T10:00:00.000Z', {}],
    ['1767261600123', '2026-01-01T10:00:00.123Z', {}],
    ['2026-01-01 10:00:00', undefined, {}],
    ['2026-01-01 10:00:00', '2026-01-01T10:00:00.000Z', { assumeUtc: true }],
    ['31/01/2026 10:00', '2026-01-31T10:00:00.000Z', { assumeUtc: true }],
    ['1/31/2026 10:00', '2026-01-31T10:00:00.000Z', { assumeUtc: true }],
  ] satisfies [string, string | undefined, AuditOptions][])('reads the time %s', async (at, utc, options) => {
    const report = await audit(put('a.csv', `order_ref,at\nA,${at}\nA,${at}\n`), { engine, ...options })
    expect(report.groups[0]?.firstAt).toBe(utc)
    expect(report.window?.from).toBe(utc)
    expect(report.groups[0]?.gapMs).toBe(0)
    expect(report.notes.some((note) => note.includes('no time zone'))).toBe(utc === undefined)
  })
})

it('reads Parquet, with the types that it declares', async () => {
  const db = await openDuckdb({ directory, memory: '100MB' })
  const path = join(directory, 'a.parquet')
  await db.run(`COPY (SELECT * FROM (VALUES
    ('A', TIMESTAMPTZ '2026-01-01 10:00:00+00', 12.30::DECIMAL(10,2), 1),
    ('B', TIMESTAMPTZ '2026-01-01 10:00:01+00', 1.00, 1),
    ('A', TIMESTAMPTZ '2026-01-01 10:00:02+00', 12.30, 1)) AS rows(order_ref, "at", amount, quantity)) TO '${path}'`)
  db.close()
  const report = await audit(path)
  expect(report).toMatchObject({ ...found, engine: 'duckdb', reading: 'Parquet' })
  expect(report.columns.map(({ type }) => type)).toEqual(['text', 'time', 'decimal', 'integer'])
  expect(report.groups).toMatchObject([{ ref: 'A', gapMs: 2000, firstAt: '2026-01-01T10:00:00.000Z' }])
})

it('a row that stands there twice, id and all, is possible; with the id named it is one effect', async () => {
  const path = put('a.csv', 'order_ref,charge_id,amount\nA,1,5\nA,1,5\nB,2,5\n')
  expect(await audit(path)).toMatchObject({ duplicateRefs: 1, certainty: { possible: 1 }, repeatedRows: 0 })
  expect(await audit(path, { effect: 'charge_id' })).toMatchObject({ duplicateRefs: 0, repeatedRows: 1 })
})

it('tells the rows of a source one by one, for whoever compares them otherwise', async () => {
  const source = await openSource(put('a.csv', csv(',')))
  const rows = []
  for await (const batch of source.scan(['amount', 'order_ref'])) rows.push(...batch.rows)
  await source.close()
  expect(rows).toEqual([
    ['12.30', 'A'],
    ['1.00', 'B'],
    ['12.30', 'A'],
  ])
})
