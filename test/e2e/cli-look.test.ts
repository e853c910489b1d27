import { existsSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readFileSystem } from '../../src/cli/doctor/file-system.ts'
import { CliBench, json } from './cli-bench.ts'

let bench: CliBench
beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

describe('a store that is not there', () => {
  test.each([
    ['ls'],
    ['show', 'x'],
    ['doubt', 'list'],
    ['sweep'],
    ['doctor'],
    ['doubt', 'resolve', 'x', '--happened', '--by', 'a', '--because', 'b'],
  ])('%s says so with 4 and makes no file', async (...args) => {
    const result = await bench.run(args)
    expect(result.code).toBe(4)
    expect(result.stderr.toString()).toContain('There is no ledger at ./onceward.db')
    expect(existsSync(bench.path('onceward.db'))).toBe(false)
  })

  test('a file that is no database is 4, and stays as it is', async () => {
    bench.write('notes.db', 'not a database, but long enough to be taken for the header of one '.repeat(20))
    const before = readFileSync(bench.path('notes.db'))
    const store = ['--store', 'sqlite:./notes.db']
    const run = ['run', ...store, '--operation', 'o', '--key', 'k', '--', 'true']
    for (const args of [['ls', ...store], run, ['doctor', ...store]])
      expect((await bench.run(args)).code).toBe(4)
    expect(readFileSync(bench.path('notes.db')).equals(before)).toBe(true)
  })
})

describe('looking at the ledger', () => {
  let ledger: CliBench
  beforeAll(async () => {
    ledger = new CliBench()
    for (const key of ['a', 'b', 'c']) {
      const about = ['--operation', 'work', '--key', key, '--subject', `order:${key}`]
      await ledger.run(['run', ...about, '--', 'echo', key])
    }
    await ledger.run(['run', '--operation', 'other', '--key', 'a', '--', 'false'])
  })
  afterAll(() => ledger.dispose())

  test('ls filters, pages and prints receipts', async () => {
    const page = json(await ledger.run(['ls', '--operation', 'work', '--limit', '2', '--json']))
    expect((page['entries'] as { key: string }[]).map((entry) => entry.key)).toEqual(['c', 'b'])
    const rest = json(
      await ledger.run([
        'ls',
        '--operation',
        'work',
        '--limit',
        '2',
        '--cursor',
        String(page['next']),
        '--json',
      ]),
    )
    expect((rest['entries'] as { key: string }[]).map((entry) => entry.key)).toEqual(['a'])
    expect(rest).not.toHaveProperty('next')
    const failed = json(await ledger.run(['--json', 'ls', '--state', 'failed,in_doubt']))
    expect(failed['entries']).toMatchObject([{ operation: 'other', state: 'failed' }])
    expect(json(await ledger.run(['ls', '--subject', 'order:b', '--json']))['entries']).toHaveLength(1)
    expect(
      json(await ledger.run(['ls', '--operation', 'work', '--key', 'c', '--json']))['entries'],
    ).toHaveLength(1)
  })

  test('tables are for people, on standard error', async () => {
    const result = await ledger.run(['ls'])
    expect(result.code).toBe(0)
    expect(result.stdout.length).toBe(0)
    expect(result.stderr.toString()).toMatch(/REF +STATE +OPERATION/)
    expect(
      result.stderr
        .toString()
        .split('\n')
        .filter((line) => /succeeded +work/.test(line)),
    ).toHaveLength(3)
  })

  test('show takes a ref, or an operation and a key; another scope has nothing', async () => {
    const byKey = json(await ledger.run(['show', 'work', 'a', '--json']))
    const byRef = json(await ledger.run(['show', String(byKey['ref']), '--json']))
    expect(byRef).toEqual(byKey)
    expect(byKey).toMatchObject({
      state: 'succeeded',
      subject: 'order:a',
      value: { stdout: 'a\n', exitCode: 0 },
    })
    expect((await ledger.run(['show', 'work', 'nothing'])).code).toBe(1)
    expect((await ledger.run(['show', 'work', 'a', '--scope', 'elsewhere'])).code).toBe(1)
    expect((await ledger.run(['show', 'work', 'a'], { ONCEWARD_SCOPE: 'elsewhere' })).code).toBe(1)
  })

  test('ONCEWARD_STORE names the store, --store wins over it', async () => {
    const elsewhere = { ONCEWARD_STORE: 'sqlite:./elsewhere.db' }
    expect((await ledger.run(['ls'], elsewhere)).code).toBe(4)
    expect((await ledger.run(['ls', '--store', 'sqlite:onceward.db'], elsewhere)).code).toBe(0)
  })

  test('sweep reports counts, doctor reports a sound ledger', async () => {
    expect(json(await ledger.run(['sweep', '--json']))).toMatchObject({
      lapsed: 0,
      doubted: 0,
      buried: 0,
      deleted: 0,
    })
    const doctor = await ledger.run(['doctor', '--json'])
    // Where temporary files lie in memory, doctor rightly says that they do not survive a loss of power.
    const isOnDisk = (await readFileSystem(ledger.folder)).kind !== 'memory'
    expect(json(doctor)).toMatchObject({
      ok: isOnDisk,
      store: { kind: 'sqlite', reachable: true, schemaVersion: 2, lineage: { epoch: 1 } },
    })
    expect(doctor.code).toBe(isOnDisk ? 0 : 1)
  })

  test('nothing but the command speaks: no warning of Node reaches standard error', async () => {
    const result = await ledger.run(['run', '--operation', 'quiet', '--key', 'k', '--', 'true'])
    expect(result).toMatchObject({ code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) })
  })

  test('a reader that goes away early ends ls quietly', async () => {
    const running = ledger.start(['ls', '--json'])
    running.child.stdout.destroy()
    const result = await running.ended
    expect(result.code).toBe(0)
    expect(result.stderr.toString()).toBe('')
  })
})
