import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { clockOf } from '../../src/incidents/bundle/clock.ts'
import { fastJson } from '../../src/incidents/bundle/fast-json.ts'
import { mapFields } from '../../src/incidents/bundle/fields.ts'
import { keepInNode, weightOf } from '../../src/incidents/bundle/keep.ts'
import { keepInSql } from '../../src/incidents/bundle/keep-sql.ts'
import { shapeOf } from '../../src/incidents/bundle/rows-of.ts'
import type { BundleRow } from '../../src/incidents/bundle/row.ts'
import { examineBundle } from '../../src/incidents/examine.ts'
import { openDuckdb } from '../../src/reconcile/sources/duckdb-driver.ts'
import { openSource } from '../../src/reconcile/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { at, jsonl, writeBundle } from './support/bundle.ts'
import { stories } from './support/stories.ts'

const lines = `${jsonl(
  Array.from({ length: 600 }, (_, index) => ({
    at: at(Math.floor(index / 2) * 3 + (index % 2)),
    order: { id: `o-${index % 10 === 1 ? index - 1 : index}` },
    'a.b': `dotted ${index}`,
    worker: `w${index % 3}`,
    status: index % 50 === 0 ? 500 : 200,
    payload: { total: index % 7, note: null },
  })),
)}{"at": broken\n[1]\n`

const isWhole = ['verify', 'full'].includes(process.env['ONCEWARD_TEST_SIZE'] ?? '')

/** All of a row but its line, in one order. */
function told(row: BundleRow): string {
  const rest = Object.entries(row.rest ?? {}).toSorted(([a], [b]) => a.localeCompare(b))
  return JSON.stringify(Object.entries({ ...row, line: 0, rest }).toSorted(([a], [b]) => a.localeCompare(b)))
}

it.each(['requests.jsonl', 'requests.jsonl.gz'])('DuckDB keeps of %s what Node keeps', async (name) => {
  const directory = writeBundle({
    sources: [],
    files: { [name]: name.endsWith('.gz') ? gzipSync(lines) : lines },
  })
  const path = join(directory, name)
  const kept = []
  for (const engine of ['node', 'duckdb'] as const) {
    const source = await openSource(path, { engine })
    const { map } = mapFields(
      { ...source, name },
      { kind: 'requests', map: { ref: 'order.id' } },
      'sources[0]',
    )
    const times = source.sample.flatMap(
      (row) => row[source.columns.findIndex((column) => column.name === map.at)] ?? [],
    )
    const shape = shapeOf(source, 'requests', { map, clock: clockOf(times, undefined, 'zone') })
    const fast = fastJson(source, [path], shape.columns)
    const found =
      fast === undefined
        ? {
            ...(await keepInNode(source, shape, { kind: 'requests' })),
            broken: (await source.rejections()).count,
          }
        : await keepInSql(shape, { kind: 'requests', map, times, ...fast })
    kept.push({
      ...found,
      rows: found.rows.map(told).toSorted(),
      totals: { ...found.totals, minutes: [...found.totals.minutes] },
    })
    await source.close()
  }
  const [node, duckdb] = kept
  expect(duckdb).toEqual(node)
  expect(duckdb).toMatchObject({
    broken: 2,
    totals: { rows: 600, refs: 540, repeatedRefs: 60, extraRows: 60 },
  })
})

it('of too many rows those of repeated references are kept, trouble too, and a sample that weighs as much as the rest', async () => {
  const many = jsonl(
    Array.from({ length: 5000 }, (_, index) => ({
      at: at(index),
      ref: `o-${index % 100 === 1 ? index - 1 : index}`,
    })),
  )
  const directory = writeBundle({ sources: [], files: { 'many.jsonl': many } })
  const source = await openSource(join(directory, 'many.jsonl'), { engine: 'node' })
  const { map } = mapFields({ ...source, name: 'many' }, { kind: 'effects', map: {} }, 'sources[0]')
  const shape = shapeOf(source, 'many', { map, clock: clockOf([at(0)], undefined, 'zone') })
  const { rows, totals, notes } = await keepInNode(source, shape, { kind: 'effects', max: 1000 })
  expect(totals).toMatchObject({ rows: 5000, refs: 4950, repeatedRefs: 50, extraRows: 50 })
  expect(rows.filter(({ weight }) => weight === 1).length).toBe(100)
  const weight = rows.reduce((sum, row) => sum + row.weight, 0)
  expect(weight).toBeGreaterThan(4000)
  expect(weight).toBeLessThan(6000)
  expect(notes.join()).toContain('one in 10 of the others')
})

it('what is trouble is told by the message', () => {
  const row = { source: 'x', line: 1, weight: 1, message: 'primary failover begins' }
  expect(weightOf(row, { counts: new Map(), step: 1e9, badStep: 1 })).toBe(1)
  expect(weightOf({ ...row, message: 'all is well' }, { counts: new Map(), step: 1e9, badStep: 1 })).toBe(0)
})

it('every query that evidence cites for a table runs in DuckDB as it stands', async () => {
  const db = await openDuckdb({ directory: temporaryDirectory(), memory: '500MB' })
  const failed: string[] = []
  let run = 0
  // Each opens files anew: of all of them every sixth is enough for each day.
  const every = isWhole ? 1 : 6
  for (const { bundle } of stories) {
    const directory = writeBundle(bundle)
    const { evidence } = await examineBundle(directory)
    const queries = [...new Set(evidence.map((one) => one.query))].filter((query) =>
      query.startsWith('SELECT'),
    )
    for (const query of queries.filter((_, index) => index % every === 0)) {
      run++
      const inFolder = query.replaceAll(/(read_(?:csv|json|parquet)\(')/g, `$1${directory}/`)
      try {
        for await (const rows of db.query(`SELECT CAST(count(*) AS VARCHAR) FROM (${inFolder})`)) void rows
      } catch (error) {
        failed.push(`${query}\n${String(error)}`)
      }
    }
  }
  db.close()
  expect(failed).toEqual([])
  expect(run).toBeGreaterThan(isWhole ? 100 : 15)
})

it('the same bundle gives the same evidence, to the letter', async () => {
  for (const { bundle } of stories.slice(0, 2)) {
    const directory = writeBundle(bundle)
    expect(JSON.stringify(await examineBundle(directory))).toBe(
      JSON.stringify(await examineBundle(directory)),
    )
  }
})

const gigabytes: readonly {
  readonly kind: string
  readonly signal: string
  readonly rowAt: (index: number) => object
}[] = [
  {
    kind: 'log',
    signal: 'store.unique-violations',
    rowAt: (index) => ({
      ts: at(index / 270),
      level: 'INFO',
      msg: `order o-${index} accepted by the provider with amount 1200 and nothing else to say of it${index % 3000 === 0 ? ': duplicate key value violates unique constraint' : ''}`,
    }),
  },
  {
    // One order in a hundred is asked for twice, so that there are tens of thousands of groups to compare.
    kind: 'requests',
    signal: 'keys.different',
    rowAt: (index) => ({
      at: at(index / 250),
      order_ref: `o-${index % 100 === 99 ? index - 7 : index}`,
      endpoint: 'POST /v1/charges',
      status: index % 300 === 0 ? 503 : 201,
      duration_ms: 40 + (index % 400),
      worker: `w-${index % 6}`,
      idempotency_key: `key-${index}`,
      session: `session-of-somebody-${index}`,
    }),
  },
]

it.for(gigabytes)(
  'a gigabyte of $kind in JSON lines is examined within half a minute and 2 GB, with progress',
  {
    timeout: 240_000,
  },
  async ({ kind, signal, rowAt }, context) => {
    if (!isWhole) context.skip('writes 1 GB; run with ONCEWARD_TEST_SIZE=verify')
    const directory = writeBundle({ sources: [{ id: 'app', kind, path: 'app.jsonl' }], files: {} })
    const file = createWriteStream(join(directory, 'app.jsonl'))
    let rows = 0
    for (let bytes = 0; bytes < 1e9; ) {
      const text = jsonl(Array.from({ length: 2000 }, () => rowAt(rows++)))
      bytes += text.length
      if (!file.write(text)) await once(file, 'drain')
    }
    file.end()
    await once(file, 'close')
    let tellings = 0
    const begun = performance.now()
    const { bundle, signals } = await examineBundle(directory, { threads: 2, onProgress: () => tellings++ })
    const elapsedMs = performance.now() - begun
    expect(bundle.sources[0]?.rows).toBe(rows)
    expect(signals.find(({ id }) => id === signal)?.value).toBe(true)
    expect(tellings).toBeGreaterThan(0)
    expect(process.resourceUsage().maxRSS).toBeLessThan(2 * 2 ** 20)
    console.log(`${rows} rows of ${kind} examined in ${Math.round(elapsedMs)} ms`)
    // On two cores of one's own it is 12 s; beside other work it may take longer.
    expect(elapsedMs).toBeLessThan(availableParallelism() >= (loadavg()[0] ?? 0) ? 30_000 : 90_000)
  },
)
