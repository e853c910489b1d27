import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtInCatalogue } from '../../src/incidents/catalogue/catalogue.ts'
import { readLogLine, requestIn } from '../../src/incidents/bundle/log-line.ts'
import { fieldsIn } from '../../src/incidents/bundle/pair-fields.ts'
import { examineBundle } from '../../src/incidents/examine.ts'
import { initBundle } from '../../src/incidents/init.ts'
import { readBundle } from '../../src/incidents/bundle/bundle.ts'
import { triage } from '../../src/incidents/triage.ts'
import { openDuckdb } from '../../src/reconcile/sources/duckdb-driver.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** 02:14:52.123 on 3 June 2026, as the programs of everybody's day write it. */
const told = Date.UTC(2026, 5, 3, 2, 14, 52)

describe('lines of logs', () => {
  it.each([
    ['logfmt', 'time=2026-06-03T02:14:52Z level=error msg="no answer"', 'ERROR'],
    ['logfmt, the time later and quoted', 'level=warn ts="2026-06-03 02:14:52.123" msg=up', 'WARN'],
    ['logfmt in seconds', 'ts=1780452892.5 level=info msg=up', 'INFO'],
    ['Go and nginx errors', '2026/06/03 02:14:52 [error] 12#12: *1 upstream timed out', 'ERROR'],
    ['RFC 5424', '<165>1 2026-06-03T02:14:52.003Z host app 12 ID47 - up', undefined],
    ['Python', '2026-06-03 02:14:52,123 - shop.charge - ERROR - no answer', 'ERROR'],
    ['PostgreSQL', '2026-06-03 02:14:52.123 UTC [100] ERROR:  duplicate key value', 'ERROR'],
    ['Apache errors', '[Wed Jun 03 02:14:52.123456 2026] [core:error] [pid 12] no file', undefined],
    ['the common log format', '10.0.0.1 - - [03/Jun/2026:02:14:52 +0000] "GET / HTTP/1.1" 200 5', undefined],
  ])('%s', (_, line, level) => {
    const read = readLogLine(line)
    expect(Math.floor((read?.ms ?? 0) / 1000)).toBe(told / 1000)
    expect(read?.level).toBe(level)
  })

  it('minutes are enough, and Kubernetes has a form of its own', () => {
    expect(readLogLine('2026-06-03 02:14 UTC deploy checkout')).toMatchObject({
      ms: told - 52_000,
      hasZone: true,
      rest: 'deploy checkout',
    })
    expect(readLogLine('E0603 02:14:52.123456       1 charge.go:42] no answer')).toMatchObject({
      ms: Date.UTC(1970, 5, 3, 2, 14, 52, 123),
      hasNoYear: true,
      level: 'ERROR',
      rest: 'charge.go:42] no answer',
    })
  })

  it('a word in a sentence is no level, and a number in one no time', () => {
    expect(readLogLine('2026-06-03T02:14:52Z after the error we went on')?.level).toBeUndefined()
    expect(readLogLine('at=noon and so on')).toBeUndefined()
  })
})

describe('lines of access logs', () => {
  const line = (request: string): string =>
    `1.2.3.4 - - [03/Jun/2026:02:14:52 +0000] "${request} HTTP/1.1" 201 31`

  it.each([
    ['POST /v1/orders/ord_5000/charges?x=1', 'POST /v1/orders/*/charges', 'ord_5000'],
    ['PUT /orders/42', 'PUT /orders/*', '42'],
    ['POST /v1/charges', 'POST /v1/charges', undefined],
    ['GET /orders/42', 'GET /orders/*', undefined],
  ])('%s', (request, endpoint, ref) => {
    expect(requestIn(line(request))).toEqual({ endpoint, status: '201', bytes: 31, ...(ref && { ref }) })
  })

  it('durations are read where their unit is known', () => {
    expect(fieldsIn('rt=12.400').durationMs).toBe(12_400)
    expect(fieldsIn('duration=1.5s').durationMs).toBe(1500)
    expect(fieldsIn('took=250ms').durationMs).toBe(250)
    expect(fieldsIn('latency_ms=7').durationMs).toBe(7)
    expect(fieldsIn('duration=12').durationMs).toBeUndefined()
  })
})

/** Checkouts every ten seconds, of which some outlive the client's ten seconds and are sent again. */
function everydayFolder(): string {
  const directory = temporaryDirectory()
  const access: string[] = []
  const charges = ['id,Description,Created (UTC),Amount,order_id (metadata)']
  const app: string[] = []
  for (let index = 0; index < 120; index++) {
    const isSlow = index > 60 && index % 6 === 0
    for (const [attempt, afterMs] of (isSlow ? [0, 10_150] : [0]).entries()) {
      const time = new Date(told + index * 10_000 + afterMs)
      const [date = '', clock = ''] = time.toISOString().slice(0, 19).split('T')
      const seconds = isSlow && attempt === 0 ? 12.4 : 0.2
      access.push(
        `10.0.0.7 - - [${date.slice(8)}/Jun/2026:${clock} +0000] "POST /checkout/ord_${index} HTTP/1.1" ${isSlow && attempt === 0 ? 499 : 201} 312 "-" "okhttp" rt=${seconds.toFixed(3)}`,
      )
      charges.push(`ch_${charges.length},Charge,${date} ${clock},9.${10 + (index % 80)},ord_${index}`)
      app.push(
        JSON.stringify({ level: 30, time: time.getTime(), msg: `charging item_${5000 + (index % 3)}` }),
      )
    }
  }
  const files = {
    'access.log': access,
    'charges.csv': charges,
    'app.json': app,
    'deploys.txt': ['2026-06-03 02:00 UTC deploy search v9', '2026-06-03 02:20 UTC deploy checkout v2'],
    'settings.json': ['{ "httpClientTimeoutMs": 10000 }'],
  }
  for (const [name, lines] of Object.entries(files))
    writeFileSync(join(directory, name), `${lines.join('\n')}\n`)
  return directory
}

describe('a folder of what everybody has', () => {
  it('is understood without a word: kinds, columns, times', async () => {
    const directory = everydayFolder()
    await initBundle(directory)
    const { sources } = await readBundle(directory)
    expect(Object.fromEntries(sources.map(({ path, kind, format }) => [path, `${kind} ${format}`]))).toEqual({
      'access.log': 'requests text',
      'app.json': 'log jsonl',
      'charges.csv': 'effects csv',
      'deploys.txt': 'changes text',
      'settings.json': 'config files',
    })
    const charges = sources.find(({ path }) => path === 'charges.csv')
    expect(charges?.map).toMatchObject({ at: 'Created (UTC)', ref: 'order_id (metadata)', effect: 'id' })
    expect(charges?.notes.join()).not.toContain('nobody said')
    expect(sources.map(({ rejectedRows }) => rejectedRows)).toEqual([0, 0, 0, 0, 0])
  })

  it('is enough to find the timeout, and every query of the evidence runs on the text too', async () => {
    const directory = everydayFolder()
    await initBundle(directory)
    const examination = await examineBundle(directory)
    const found = triage(examination, { catalogue: builtInCatalogue() })
    expect(found.hypotheses[0]).toMatchObject({ id: 'D01', label: 'very likely' })
    const queries = [...new Set(examination.evidence.map(({ query }) => query))].filter((query) =>
      query.includes("read_csv('access.log'"),
    )
    expect(queries.length).toBeGreaterThan(1)
    // An id with a 5 in it is no failure.
    expect(examination.signals.find(({ id }) => id === 'queue.poison')?.value).not.toBe(true)
    const db = await openDuckdb({ directory: temporaryDirectory(), memory: '500MB' })
    const counts: number[] = []
    for (const query of queries) {
      const inFolder = query.replaceAll(/(read_(?:csv|json)\(')/g, `$1${directory}/`)
      for await (const rows of db.query(`SELECT CAST(count(*) AS VARCHAR) FROM (${inFolder})`))
        counts.push(Number(rows[0]?.[0]))
    }
    db.close()
    // Nine checkouts came twice.
    expect(counts).toContain(18)
  })
})
