import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DemoReport } from '../../src/demo/index.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts'
import { CliBench } from './cli-bench.ts'
import { recount, startedPids, stillRunning } from './demo-recount.ts'

let bench: CliBench
let server: EmbeddedPostgres | undefined

beforeAll(async () => {
  bench = new CliBench()
  server = await startEmbeddedPostgres({ fsync: false })
}, 90_000)

afterAll(async () => {
  await bench.dispose()
  await server?.stop()
})

const runMs = 120_000

test('on a PostgreSQL that others use, each run has a scope of its own, and its doubts stay to be looked at', {
  timeout: runMs,
}, async () => {
  const { url = '', password = '' } = server ?? {}
  const result = await bench.run(['demo', '--store', url, '--limit', '60', '--seed', '7', '--json'])
  expect(result.code, result.stderr.toString()).toBe(0)
  expect(`${result.stdout.toString()}${result.stderr.toString()}`).not.toContain(password)
  const report = JSON.parse(result.stdout.toString()) as DemoReport
  expect(report.scope).toMatch(/^demo-run-/)
  const args = ['doubt', 'list', '--store', url, '--scope', report.scope, '--limit', '500', '--json']
  const listed = await bench.run(args)
  const { doubts } = JSON.parse(listed.stdout.toString()) as {
    doubts: { operation: string; key: string[] }[]
  }
  expect(doubts.length).toBe(report.guarded.inDoubt)
  const inDoubt = new Set(doubts.map(({ operation, key }) => `${operation} ${key[1]}`))
  expect(report.guarded.byEffect).toMatchObject(recount(report.guarded, inDoubt))
  expect(report.guarded).toMatchObject({ duplicated: 0, lost: 0, accepted: 60, open: 0 })
  expect(report.unguarded.duplicated).toBeGreaterThan(0)
  expect(await stillRunning(startedPids(bench.folder), 0)).toEqual([])
})

test('it brings its own PostgreSQL when told to, and ends it', { timeout: runMs }, async () => {
  const result = await bench.run(['demo', '--embedded-postgres', '--limit', '20', '--json'])
  expect(result.code, result.stderr.toString()).toBe(0)
  const report = JSON.parse(result.stdout.toString()) as DemoReport
  expect(report.guarded).toMatchObject({ duplicated: 0, lost: 0, accepted: 20, open: 0 })
  expect(report.store).toMatch(/^postgres:\/\/postgres:\*\*\*@127\.0\.0\.1:\d+\/postgres$/)
  const gone = await bench.run(['doubt', 'list', '--store', report.store])
  expect(gone.code).toBe(4)
})

test('a PostgreSQL that does not answer is told before anything starts', { timeout: 60_000 }, async () => {
  const before = startedPids(bench.folder).length
  const result = await bench.run(['demo', '--store', 'postgres://nobody@127.0.0.1:1/none'])
  expect(result.code).toBe(4)
  expect(startedPids(bench.folder).length).toBe(before)
})
