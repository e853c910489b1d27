import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts'
import { CliBench, json } from './cli-bench.ts'

let server: EmbeddedPostgres
let bench: CliBench
beforeAll(async () => {
  server = await startEmbeddedPostgres({ fsync: false, settings: { synchronous_commit: 'off' } })
})
afterAll(() => server.stop())
beforeEach(() => {
  bench = new CliBench()
})
afterEach(() => bench.dispose())

describe('the command line on PostgreSQL', () => {
  test('doctor reads the durability mode and finds what is wrong with it', async () => {
    const result = await bench.run(['doctor', '--json', '--store', server.url])
    const report = json(result)
    expect(report).toMatchObject({
      ok: false,
      store: {
        kind: 'postgres',
        reachable: true,
        settings: {
          fsync: 'off',
          fullPageWrites: 'off',
          synchronousCommit: 'off',
          inRecovery: false,
          timeline: 1,
        },
      },
      findings: expect.arrayContaining([{ level: 'problem', text: expect.stringContaining('fsync: off') }]),
    })
    expect(result.code).toBe(1)
    expect(result.stdout.toString()).not.toContain(server.password)
  })

  test('doctor says when nobody answers', async () => {
    const url = new URL(server.url)
    url.port = '1'
    const result = await bench.run(['doctor', '--json', '--store', url.href])
    expect(result.code).toBe(4)
    expect(json(result)).toMatchObject({ ok: false, store: { reachable: false } })
    expect(result.stderr.toString() + result.stdout.toString()).not.toContain(server.password)
  })

  test('commands that only look make no tables', async () => {
    const store = ['--store', server.url]
    for (const args of [['ls'], ['doubt', 'list'], ['sweep'], ['show', 'x']]) {
      const result = await bench.run([...args, ...store])
      expect(result.code).toBe(4)
      expect(result.stderr.toString()).toContain('There is no ledger at postgres://postgres:***@')
    }
    expect(json(await bench.run(['doctor', '--json', ...store]))['store']).not.toHaveProperty('schemaVersion')
  })

  test('run, replay, show and doctor work as on SQLite', async () => {
    const store = ['--store', server.url, '--scope', 'cli']
    const run = ['run', ...store, '--operation', 'work', '--key', 'k']
    const args = [...run, '--', 'sh', '-c', 'echo ran >> journal; printf "\\377\\000out"; exit 7']
    const [first, second] = await Promise.all([bench.run(args), bench.run(args)])
    expect(bench.lines('journal')).toEqual(['ran'])
    expect(first).toMatchObject({ code: 7, stdout: Buffer.from('\u00ff\u0000out', 'latin1') })
    expect(second).toEqual(first)
    const receipt = json(await bench.run(['show', 'work', 'k', '--json', ...store]))
    expect(receipt).toMatchObject({ scope: 'cli', state: 'failed', value: { exitCode: 7 } })
    expect(json(await bench.run(['doctor', '--json', ...store]))).toMatchObject({
      store: { reachable: true, schemaVersion: 2, lineage: { epoch: 1 }, settings: { unloggedTables: '' } },
    })
  })
})
