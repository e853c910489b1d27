import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive, until } from '../../../test/support/processes.ts'
import type { EmbeddedPostgres } from '../embedded-postgres.ts'
import { askPostgres, untilAnswer } from '../postgres-query.ts'
import { PostgresPair, type PostgresPairOptions } from './index.ts'

async function started(options: PostgresPairOptions = {}): Promise<PostgresPair> {
  const pair = await PostgresPair.start(options)
  onTestFinished(() => pair.stop())
  await askPostgres(pair.primary.url, 'CREATE TABLE rows (n int PRIMARY KEY)')
  return pair
}

async function write(server: EmbeddedPostgres, n: number): Promise<void> {
  await askPostgres(server.url, 'INSERT INTO rows VALUES ($1)', [n])
}

async function rowsOf(server: EmbeddedPostgres | undefined): Promise<unknown[]> {
  const rows = await askPostgres(server?.url ?? '', 'SELECT n FROM rows ORDER BY n')
  return rows.map((row) => row['n'])
}

async function timelineOf(server: EmbeddedPostgres): Promise<number> {
  const [row] = await askPostgres(server.url, 'SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS file')
  return Number.parseInt(String(row?.['file']).slice(0, 8), 16)
}

test('the standby streams, shows what was written, and takes no writes', async () => {
  const pair = await started()
  await write(pair.primary, 1)
  await pair.caughtUp()
  expect(await rowsOf(pair.standby)).toEqual([1])
  await expect(write(pair.standby as EmbeddedPostgres, 2)).rejects.toMatchObject({ code: '25006' })
  const [seen] = await askPostgres(pair.primary.url, 'SELECT state, sync_state FROM pg_stat_replication')
  expect(seen).toEqual({ state: 'streaming', sync_state: 'async' })
})

test('asynchronous: what was acknowledged while replication was stalled is lost with the primary', async () => {
  const pair = await started()
  await write(pair.primary, 1)
  await pair.caughtUp()
  pair.stallReplication()
  await write(pair.primary, 2)
  await pair.killPrimary()
  const promoted = await pair.promote()
  expect(pair.primary).toBe(promoted)
  expect(pair.standby).toBeUndefined()
  expect(await rowsOf(promoted)).toEqual([1])
  expect(await timelineOf(promoted)).toBe(2)
  await write(promoted, 3)
})

test('a stall that is ended loses nothing', async () => {
  const pair = await started()
  pair.stallReplication()
  await write(pair.primary, 1)
  pair.resumeReplication()
  await pair.caughtUp()
  await pair.killPrimary()
  expect(await rowsOf(await pair.promote())).toEqual([1])
})

test('synchronous: a commit waits for the standby, and what was acknowledged is there after the failover', async () => {
  const pair = await started({ replication: 'synchronous' })
  await write(pair.primary, 1)
  pair.stallReplication()
  let isAcknowledged = false
  const waiting = write(pair.primary, 2).then(
    () => (isAcknowledged = true),
    () => undefined,
  )
  const text = "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
  await untilAnswer(pair.primary.url, { text, what: 'A commit that waits for the standby' })
  expect(isAcknowledged).toBe(false)
  await pair.killPrimary()
  await waiting
  expect(isAcknowledged).toBe(false)
  expect(await rowsOf(await pair.promote())).toEqual([1])
})

test('commits wait for the standby only as long as replication is synchronous', async () => {
  const pair = await started({ replication: 'synchronous' })
  await pair.setReplication('asynchronous')
  pair.stallReplication()
  await write(pair.primary, 1)
  pair.resumeReplication()
  await pair.setReplication('synchronous')
  await write(pair.primary, 2)
  await pair.killPrimary()
  expect(await rowsOf(await pair.promote())).toEqual([1, 2])
})

test('split brain: an asynchronous primary that lives on acknowledges what the new one never sees', async () => {
  const pair = await started()
  const old = pair.primary
  const promoted = await pair.promote()
  await write(old, 1)
  await write(promoted, 2)
  expect(pair.retired).toEqual([old])
  expect([await rowsOf(old), await rowsOf(promoted)]).toEqual([[1], [2]])
  await pair.addStandby()
  expect(isAlive(old.pid)).toBe(true)
})

test.each(['asynchronous', 'synchronous'] as const)(
  'fails over again and again, each time to a new standby: %s',
  async (replication) => {
    const pair = await started({ replication })
    for (const round of [1, 2]) {
      await write(pair.primary, round)
      await pair.caughtUp()
      const dead = pair.primary
      await pair.killPrimary()
      expect(await timelineOf(await pair.promote())).toBe(round + 1)
      await pair.addStandby()
      expect(existsSync(dead.dataDir)).toBe(false)
    }
    await write(pair.primary, 3)
    await pair.caughtUp()
    expect(await rowsOf(pair.standby)).toEqual([1, 2, 3])
    expect(pair.retired).toEqual([])
  },
)

/** A folder for data directories that the server's user can pass through. */
function parentDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'onceward-pair-'))
  chmodSync(dir, 0o755)
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('nothing is left of a pair that was stopped, and of one that did not start', async () => {
  const parent = parentDir()
  const pair = await PostgresPair.start({ parentDir: parent })
  const pids = [pair.primary.pid, (await pair.promote()).pid, (await pair.addStandby()).pid]
  expect(readdirSync(parent)).toHaveLength(3)
  await pair.stop()
  expect(readdirSync(parent)).toEqual([])
  expect(pids.map(isAlive)).toEqual([false, false, false])
  // The primary starts with it, and can have no standby.
  await expect(
    PostgresPair.start({ parentDir: parent, settings: { max_replication_slots: 0 } }),
  ).rejects.toThrow(/max_replication_slots/)
  expect(readdirSync(parent)).toEqual([])
})

test.each(['SIGINT', 'SIGKILL'] as const)('nothing is left of a pair whose owner got %s', async (signal) => {
  const parent = parentDir()
  const library = new URL('./index.ts', import.meta.url).href
  const script = `
    const { PostgresPair } = await import(${JSON.stringify(library)})
    const pair = await PostgresPair.start({ parentDir: ${JSON.stringify(parent)} })
    process.stdout.write(JSON.stringify([pair.primary.pid, pair.standby.pid]) + '\\n')
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void owner.kill('SIGKILL'))
  let printed = ''
  owner.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  await until(() => printed.includes('\n'), 'the pair')
  const pids = JSON.parse(printed) as number[]
  owner.kill(signal)
  await until(() => readdirSync(parent).length === 0, 'the end of its files')
  await until(() => !pids.some(isAlive), 'the end of its servers')
})
