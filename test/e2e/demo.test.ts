import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DemoReport } from '../../src/demo/index.ts'
import { CliBench, type CliResult, type RunningCli } from './cli-bench.ts'
import { recount, rowsOf, startedPids, stillRunning } from './demo-recount.ts'

let bench: CliBench

beforeEach(() => {
  bench = new CliBench()
})

afterEach(async () => {
  const pids = existsSync(bench.path('.onceward')) ? startedPids(bench.folder) : []
  await bench.dispose()
  for (const pid of await stillRunning(pids, 5_000)) process.kill(pid, 'SIGKILL')
})

const runMs = 120_000

/** Resolves once the demo has told that orders have been taken. */
function orders(running: RunningCli): Promise<void> {
  return new Promise((resolve, reject) => {
    let told = ''
    running.child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString()
      if (/: [1-9]\d* of \d+ orders/.test(told)) resolve()
    })
    running.child.once('close', () => reject(new Error(`the demo ended before that: ${told}`)))
  })
}

async function inDoubtBy(store: string): Promise<ReadonlySet<string>> {
  const listed = await bench.run(['doubt', 'list', '--store', store, '--limit', '500', '--json'])
  expect(listed.stderr.toString()).toBe('')
  const { doubts } = JSON.parse(listed.stdout.toString()) as {
    doubts: { operation: string; key: string[] }[]
  }
  return new Set(doubts.map(({ operation, key }) => `${operation} ${key[1]}`))
}

async function expectHonest(result: CliResult): Promise<DemoReport> {
  expect(result.code, result.stderr.toString()).toBe(0)
  const report = JSON.parse(result.stdout.toString()) as DemoReport
  const inDoubt = await inDoubtBy(report.store)
  expect(inDoubt.size).toBe(report.guarded.inDoubt)
  expect(report.unguarded.byEffect).toEqual(recount(report.unguarded, new Set()))
  expect(report.guarded.byEffect).toMatchObject(recount(report.guarded, inDoubt))
  return report
}

test('two demos at once each count what their peers wrote down, with nothing twice and nothing lost behind the ledger', {
  timeout: runMs,
}, async () => {
  const args = ['demo', '--limit', '60', '--json', '--seed']
  const results = await Promise.all([bench.run([...args, '7']), bench.run([...args, '8'])])
  for (const result of results) {
    const { unguarded, guarded, folder } = await expectHonest(result)
    expect(unguarded.duplicated).toBeGreaterThan(0)
    expect(unguarded.lost).toBeGreaterThan(0)
    expect(guarded.effects).toBeGreaterThan(0)
    expect(guarded).toMatchObject({ duplicated: 0, lost: 0, accepted: 60 })
    // A kill in mid-mail leaves a doubt, a kill in mid-dispatch is settled by asking; the schedule has one of each.
    expect(guarded.byEffect.mail.inDoubt).toBeGreaterThan(0)
    expect(guarded.byEffect.dispatch.settledByAsking).toBeGreaterThan(0)
    expect(guarded.replayed).toBeGreaterThan(0)
    // The scheduled kills fell between what the peer wrote down and what the worker could: each effect is there.
    const written = [...unguarded.journals, ...guarded.journals].flatMap((path) => rowsOf(path))
    const kills = rowsOf(join(folder, 'processes.jsonl')).filter((row) => row['event'] === 'killed')
    expect(kills.map((kill) => kill['moment'])).not.toContain('before')
    for (const { order, effect, name, pid } of kills) {
      const worker = `${String(name)}-${String(pid)}`
      expect(written).toContainEqual(expect.objectContaining({ order, effect, worker }))
    }
    for (const { faults } of [unguarded, guarded]) {
      expect(faults.workerKills).toBeGreaterThan(0)
      expect(faults.clientRetries).toBeGreaterThan(0)
      expect(faults).toMatchObject({ doubleClicks: 3, slowAnswers: 3 })
    }
  }
  expect(await stillRunning(startedPids(bench.folder), 0)).toEqual([])
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s ends the demo with %i and leaves nothing running',
  { timeout: runMs },
  async (signal, code) => {
    const running = bench.start(['demo', '--json'])
    await orders(running)
    running.child.kill(signal)
    const result = await running.ended
    expect(result.code).toBe(code)
    const message = `onceward demo ended by ${signal}; all its processes are gone.`
    expect(JSON.parse(result.stdout.toString())).toEqual({ error: { code: 'ENDED_EARLY', message } })
    expect(result.stderr.toString()).toContain(message)
    expect(await stillRunning(startedPids(bench.folder), 0)).toEqual([])
  },
)

test('all processes end when the demo itself is killed', { timeout: runMs }, async () => {
  const running = bench.start(['demo'])
  await orders(running)
  const pids = startedPids(bench.folder)
  expect(pids.length).toBeGreaterThanOrEqual(10)
  running.child.kill('SIGKILL')
  await running.ended
  expect(await stillRunning(startedPids(bench.folder), 10_000)).toEqual([])
})

test('a peer that dies by itself ends the demo with its reason', { timeout: runMs }, async () => {
  const running = bench.start(['demo'])
  await orders(running)
  const [run] = running.child.pid === undefined ? [] : startedPids(bench.folder)
  process.kill(run ?? 0, 'SIGKILL')
  const result = await running.ended
  expect(result.code).toBe(1)
  expect(result.stderr.toString()).toContain('The provider process ended by itself (SIGKILL)')
  expect(await stillRunning(startedPids(bench.folder), 0)).toEqual([])
})

test('a bad row is named and refused before anything starts', async () => {
  bench.write(
    'orders.csv',
    `order_id,customer,email,amount,currency,sku,quantity,placed_at
A-1,Ada,ada@example.com,1200,EUR,MUG,1,2026-03-01T09:30:00Z
A-2,Ben,ben@example.com,12.50,EUR,MUG,1,2026-03-01T09:30:00Z
`,
  )
  const result = await bench.run(['demo', '--orders', 'orders.csv'])
  expect(result.code).toBe(2)
  expect(result.stderr.toString()).toMatch(
    /orders\.csv line 3: amount must be a whole number .*, got "12\.50"/,
  )
  expect(existsSync(bench.path('.onceward'))).toBe(false)
})

test.each([
  [['--seed', '-1'], '--seed'],
  [['--workers', '1'], '--workers'],
  [['--limit', '0'], '--limit'],
  [['--orders', 'absent.csv'], 'absent.csv'],
  [['--store', 'memory:'], 'memory:'],
  [['--store', 'mysql://localhost'], 'mysql'],
  [['--store', 'sqlite:./ledger.db', '--embedded-postgres'], '--embedded-postgres'],
])('%j is refused, naming it', async (args, named) => {
  const result = await bench.run(['demo', ...args])
  expect(result.code).toBe(2)
  expect(result.stderr.toString()).toContain(named)
})

test('the orders of a file are taken, and those with odd names too', { timeout: runMs }, async () => {
  const ids = ['#1001', '1793312000000', 'a/b?c=d', "o'neil%20", 'x.y..z', '(7)']
  const rows = ids.map((id) => `${id},Ada,ada@example.com,1200,EUR,MUG,1,2026-03-01T09:30:00Z`)
  bench.write(
    'orders.csv',
    `\uFEFFplaced_at_was,order_id,customer,email,amount,currency,sku,quantity,placed_at\n${rows.map((row) => `x,${row}`).join('\n')}\n`,
  )
  const result = await bench.run(['demo', '--orders', 'orders.csv', '--json', '--store', 'sqlite:./my.db'])
  const report = JSON.parse(result.stdout.toString()) as DemoReport
  expect(result.code, result.stderr.toString()).toBe(0)
  expect(report).toMatchObject({
    orders: ids.length,
    store: 'sqlite:./my.db',
    guarded: { accepted: ids.length, duplicated: 0, lost: 0 },
  })
  expect(report.scope).toMatch(/^demo-run-/)
  const charged = rowsOf(report.guarded.journals[0] ?? '').map((row) => row['order'])
  expect(charged).toHaveLength(ids.length)
  expect(new Set(charged)).toEqual(new Set(ids))
})
