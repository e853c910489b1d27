import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DrillReport } from '../../src/drills/index.ts'
import { loadSqlite } from '../../src/stores/sqlite/driver.ts'
import { CliBench, type CliResult, json } from '../e2e/cli-bench.ts'
import { testDatabase } from '../support/postgres.ts'
import { isAlive, until } from '../support/processes.ts'
import { evidenceIn, pidsIn, planIn, recounted } from './recounted.ts'

const minute = 60_000
let bench: CliBench

beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

function reportOf(done: CliResult): DrillReport {
  return json(done) as unknown as DrillReport
}

describe('onceward drill', () => {
  it('lists what there is, with and without JSON, and holds nothing', async () => {
    const listed = json(await bench.run(['drill', '--list', '--json'])) as Pick<DrillReport, 'drills'>
    expect(listed.drills.map(({ id }) => id)).toContain('crash-each-await')
    const { stderr } = await bench.run(['drill', '--list'])
    for (const { id } of listed.drills) expect(String(stderr)).toContain(id)
    expect(readdirSync(bench.folder)).toEqual([])
  })

  it('holds what it is told on both throw-away stores, and prints one document', {
    timeout: minute,
  }, async () => {
    const environment = { ONCEWARD_STORE: 'sqlite:./mine.db' }
    const done = await bench.run(['drill', 'reply-cut', '--seed', '7', '--json'], environment)
    expect(done.code).toBe(0)
    const report = reportOf(done)
    expect(report).toMatchObject({ seed: 7, skipped: [] })
    expect(report.drills.map(({ id, store, held }) => [id, store, held])).toEqual([
      ['reply-cut', 'sqlite', true],
      ['reply-cut', 'postgres', true],
    ])
    for (const drill of report.drills) expect(drill).toMatchObject(recounted(drill.evidence))
    // The same seed gives the same faults, wherever they are injected.
    const [first, second] = report.drills.map(({ evidence }) => planIn(evidence))
    expect(first).toMatchObject({ drill: 'reply-cut', seed: 7 })
    expect(second).toEqual(first)
    // Neither the default ledger nor the one of the environment: a drill must not fill what one works with.
    expect(readdirSync(bench.folder)).toEqual(['.onceward'])
    expect(String(done.stderr)).toContain('held   reply-cut on postgres')
    expect(String(done.stderr)).toContain('all held (seed 7)')
  })

  it('leaves out on a store of your own what does not apply there, and says why', {
    timeout: minute,
  }, async () => {
    const done = await bench.run([
      'drill',
      'disk-full',
      'commit-reply-cut',
      '--store',
      'sqlite:./own.db',
      '--json',
    ])
    const report = reportOf(done)
    expect(report.drills).toEqual([])
    expect(report.skipped.map(({ id, store }) => [id, store])).toEqual([
      ['commit-reply-cut', 'sqlite'],
      ['disk-full', 'sqlite:./own.db'],
    ])
    expect(String(done.stderr)).toContain('the disk of a store of your own is not filled')
    // What was asked for was not shown to hold.
    expect(done.code).toBe(1)
  })

  it('leaves nothing of itself on a SQLite store of your own', { timeout: minute }, async () => {
    await bench.run(['run', '--operation', 'mine', '--key', 'k', '--store', 'sqlite:./own.db', '--', 'true'])
    const done = await bench.run(['drill', 'request-cut', '--store', 'sqlite:./own.db', '--json'])
    expect(reportOf(done).drills.map(({ store, held }) => [store, held])).toEqual([['sqlite:./own.db', true]])
    const { DatabaseSync: Sqlite } = loadSqlite()
    const db = new Sqlite(bench.path('own.db'))
    expect(db.prepare('SELECT scope, operation FROM onceward_entries').all()).toEqual([
      { scope: 'default', operation: 'mine' },
    ])
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%drill%'").all()).toEqual([])
    db.close()
  })

  it('leaves nothing of itself on a PostgreSQL store of your own', { timeout: minute }, async () => {
    const database = await testDatabase()
    const done = await bench.run(['drill', 'request-cut', '--store', database.url, '--json'])
    const report = reportOf(done)
    expect(report.drills.map(({ held }) => held)).toEqual([true])
    expect(report.drills[0]?.store).not.toContain(new URL(database.url).password)
    expect(await database.query('SELECT count(*)::int AS n FROM onceward_entries')).toEqual([{ n: 0 }])
    const tables = await database.query("SELECT tablename FROM pg_tables WHERE tablename LIKE '%drill%'")
    expect(tables).toEqual([])
    await database.drop()
  })

  it.each([
    [['drill', 'no-such-drill'], 'no-such-drill'],
    [['drill', '--seed', 'x'], '--seed'],
    [['drill', '--failovers', '0'], '--failovers'],
    [['drill', '--store', 'memory:'], 'memory:'],
    [['drill', '--scope', 'mine'], '--scope'],
  ])('%j is bad usage, and %s is named', async (args, named) => {
    const { code, stderr } = await bench.run(args)
    expect(code).toBe(2)
    expect(String(stderr)).toContain(named)
  })

  it.each(['sqlite', 'postgres'])(
    'ended by Ctrl-C on %s leaves no process and no store',
    { timeout: minute },
    async (store) => {
      const temporary = join(bench.folder, 'tmp')
      mkdirSync(temporary, { mode: 0o777 })
      const id = store === 'sqlite' ? 'crash-each-await' : 'commit-reply-cut'
      const running = bench.start(['drill', id, '--json'], { TMPDIR: temporary })
      let said = ''
      running.child.stderr.on('data', (text: Buffer) => (said += text.toString()))
      await until(() => said.includes(`${id} on ${store}:`), 'the drill')
      const evidence = evidenceIn(bench.folder, `${id}-${store}`)
      await until(() => pidsIn(evidence).length > 1, 'its processes')
      running.child.kill('SIGINT')
      const done = await running.ended
      expect(done.code).toBe(130)
      expect(json(done)).toMatchObject({ error: { code: 'ENDED_EARLY' } })
      expect(pidsIn(evidence).filter(isAlive)).toEqual([])
      expect(readdirSync(temporary)).toEqual([])
    },
  )
})
