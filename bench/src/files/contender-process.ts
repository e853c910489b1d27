// node contender-process.ts NAME HOME MODULE: answers a question once, prints time and answer as JSON.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type * as Incidents from '../../../src/incidents/index.ts'
import type { audit as Audit, reconcile as Reconcile } from '../../../src/reconcile/index.ts'
import { filesIn } from './data.ts'
import { duckdb, memory } from './duckdb.ts'

const [name = '', home = '', module = ''] = process.argv.slice(2)
const { parquet, csv, sqlite, left, right, incident } = filesIn(home)

/**
 * Of duplicates: references, duplicated ones, effects too many. Of a comparison: keys that agree, are missing, are too many,
 * differ. Of an incident: rows, and references that come more than once. All that are asked the same must say the same.
 */
type Answer = readonly number[]

interface Product {
  readonly audit: typeof Audit
  readonly reconcile: typeof Reconcile
}

/** Every duplicated reference with count, times, workers and whether amounts differ; then the totals. */
const groups = (
  from: string,
): string => `SELECT order_ref, count(*) AS n, min(created_at) AS first, max(created_at) AS last,
  count(DISTINCT worker) AS workers, min(amount) = max(amount) AS same, sum(amount) - min(amount) AS extra
  FROM ${from} GROUP BY order_ref HAVING count(*) > 1`
const totals = (from: string): string =>
  `SELECT (SELECT count(*) FROM ${from}) - sum(n - 1), count(*), sum(n - 1), sum(extra), (SELECT max(created_at) FROM ${from}) FROM found`
const side = (path: string): string =>
  `(SELECT order_ref, count(*) AS n, min(amount) AS amount FROM '${path}' GROUP BY order_ref)`

/** The first columns of what DuckDB answers to one question, after some others. */
async function asked(texts: readonly string[], columns: number): Promise<Answer> {
  const db = await duckdb(home)
  for (const text of texts.slice(0, -1)) await db.run(text)
  const row = await db.first(texts.at(-1) ?? '')
  db.close()
  return row.slice(0, columns).map(Number)
}

const contenders: Readonly<Record<string, () => Promise<Answer>>> = {
  audit: async () => {
    const { audit } = (await import(module)) as Product
    const report = await audit(parquet, { ref: ['order_ref'], memory })
    return [report.refs, report.duplicateRefs, report.extraRows]
  },
  duckdb: () => {
    const repeated = `(SELECT * FROM '${parquet}' SEMI JOIN (SELECT order_ref FROM '${parquet}' GROUP BY order_ref HAVING count(*) > 1) USING (order_ref))`
    return asked([`CREATE TEMP TABLE found AS ${groups(repeated)}`, totals(`'${parquet}'`)], 3)
  },
  'duckdb-count': () =>
    asked(
      [
        `SELECT count(*), count(*) FILTER (n > 1), sum(n - 1) FROM (SELECT count(*) AS n FROM '${parquet}' GROUP BY order_ref)`,
      ],
      3,
    ),
  sqlite: () => {
    const db = new DatabaseSync(sqlite)
    db.exec(`PRAGMA cache_size = -2000000; CREATE TEMP TABLE found AS ${groups('effects')}`)
    const row = Object.values(db.prepare(totals('effects')).get() ?? {})
    db.close()
    return Promise.resolve([Number(row[0]), Number(row[1]), Number(row[2])])
  },
  map: async () => {
    const counts = new Map<string, number>()
    let rows = -1
    for await (const line of createInterface({ input: createReadStream(csv) })) {
      if (rows++ === -1) continue
      const ref = line.slice(0, line.indexOf(','))
      counts.set(ref, (counts.get(ref) ?? 0) + 1)
    }
    let duplicateRefs = 0
    for (const count of counts.values()) if (count > 1) duplicateRefs++
    return [counts.size, duplicateRefs, rows - counts.size]
  },
  reconcile: async () => {
    const { reconcile } = (await import(module)) as Product
    const report = await reconcile({ left, right, on: 'order_ref', compare: 'amount', memory })
    return [report.matched, report.missing, report.extra, report.mismatched]
  },
  'duckdb-sides': () =>
    asked(
      [
        `SELECT count(*) FILTER (l.n = 1 AND r.n = 1 AND l.amount IS NOT DISTINCT FROM r.amount), count(*) FILTER (r.n IS NULL),
          count(*) FILTER (l.n IS NULL), count(*) FILTER (l.n = 1 AND r.n = 1 AND l.amount IS DISTINCT FROM r.amount)
          FROM ${side(left)} l FULL JOIN ${side(right)} r USING (order_ref)`,
      ],
      4,
    ),
  triage: async () => {
    const { builtInCatalogue, compose, examineBundle, renderTerminal, triage } = (await import(
      module
    )) as typeof Incidents
    const examination = await examineBundle(incident)
    renderTerminal(compose(triage(examination, { catalogue: builtInCatalogue() })), { colours: false })
    const repeated = examination.signals.find(({ id }) => id === 'dup.present')?.numbers?.['groups']
    return [examination.bundle.sources[0]?.rows ?? 0, repeated ?? 0]
  },
  'duckdb-charges': () =>
    asked(
      [
        `SELECT sum(n), count(*) FILTER (n > 1) FROM (SELECT count(*) AS n FROM read_json('${incident}/charges.jsonl') GROUP BY order_ref)`,
      ],
      2,
    ),
  'duckdb-join': () =>
    asked(
      [
        `SELECT count(*) FILTER (l.amount = r.amount), count(*) FILTER (r.order_ref IS NULL), count(*) FILTER (l.order_ref IS NULL),
          count(*) FILTER (l.amount <> r.amount) FROM '${left}' l FULL JOIN '${right}' r ON l.order_ref = r.order_ref`,
      ],
      4,
    ),
}

const answerOf = contenders[name]
if (answerOf === undefined) throw new Error(`there is no contender ${name}`)
const startMs = performance.now()
const answer = await answerOf()
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
const ms = performance.now() - startMs
console.log(
  JSON.stringify({ ms, processorMs: (userCPUTime + systemCPUTime) / 1000, peakMb: maxRSS / 1024, answer }),
)
