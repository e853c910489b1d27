// node contender-process.ts NAME PATH AUDIT_MODULE HOME: answers the question once, prints time and answer as JSON.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { audit as Audit } from '../../../src/reconcile/index.ts'
import { duckdb, memory } from './duckdb.ts'

const [name = '', path = '', auditModule = '', home = ''] = process.argv.slice(2)

/** References, duplicated ones, effects too many: what all of them must agree on. */
type Answer = readonly [refs: number, duplicateRefs: number, extraRows: number]

/** Every duplicated reference with count, times, workers and whether amounts differ; then the totals. */
const groups = (
  from: string,
): string => `SELECT order_ref, count(*) AS n, min(created_at) AS first, max(created_at) AS last,
  count(DISTINCT worker) AS workers, min(amount) = max(amount) AS same, sum(amount) - min(amount) AS extra
  FROM ${from} GROUP BY order_ref HAVING count(*) > 1`
const totals = (from: string): string =>
  `SELECT (SELECT count(*) FROM ${from}) - sum(n - 1), count(*), sum(n - 1), sum(extra), (SELECT max(created_at) FROM ${from}) FROM found`

const contenders: Readonly<Record<string, () => Promise<Answer>>> = {
  audit: async () => {
    const { audit } = (await import(auditModule)) as { audit: typeof Audit }
    const report = await audit(path, { ref: ['order_ref'], memory })
    return [report.refs, report.duplicateRefs, report.extraRows]
  },
  duckdb: async () => {
    const db = await duckdb(home)
    const repeated = `(SELECT * FROM '${path}' SEMI JOIN (SELECT order_ref FROM '${path}' GROUP BY order_ref HAVING count(*) > 1) USING (order_ref))`
    await db.run(`CREATE TEMP TABLE found AS ${groups(repeated)}`)
    const [refs, duplicateRefs, extraRows] = await db.first(totals(`'${path}'`))
    db.close()
    return [Number(refs), Number(duplicateRefs), Number(extraRows)]
  },
  'duckdb-count': async () => {
    const db = await duckdb(home)
    const [refs, duplicateRefs, extraRows] = await db.first(
      `SELECT count(*), count(*) FILTER (n > 1), sum(n - 1) FROM (SELECT count(*) AS n FROM '${path}' GROUP BY order_ref)`,
    )
    db.close()
    return [Number(refs), Number(duplicateRefs), Number(extraRows)]
  },
  sqlite: () => {
    const db = new DatabaseSync(path)
    db.exec(`PRAGMA cache_size = -2000000; CREATE TEMP TABLE found AS ${groups('effects')}`)
    const row = Object.values(db.prepare(totals('effects')).get() ?? {})
    db.close()
    return Promise.resolve([Number(row[0]), Number(row[1]), Number(row[2])])
  },
  map: async () => {
    const counts = new Map<string, number>()
    let rows = -1
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (rows++ === -1) continue
      const ref = line.slice(0, line.indexOf(','))
      counts.set(ref, (counts.get(ref) ?? 0) + 1)
    }
    let duplicateRefs = 0
    for (const count of counts.values()) if (count > 1) duplicateRefs++
    return [counts.size, duplicateRefs, rows - counts.size]
  },
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
