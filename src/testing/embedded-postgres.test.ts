import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive, until } from '../../test/support/processes.ts'
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded-postgres.ts'

async function started(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ fsync: false, ...options })
  onTestFinished(() => server.stop())
  return server
}

function isFree(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch {
    return true
  }
}

async function ask(url: string, text: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query({ text, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

test('answers on loopback, only with its password, and is gone after stop', async () => {
  const server = await started({ settings: { max_connections: 17, work_mem: '5MB' } })
  expect(await ask(server.url, 'SHOW max_connections')).toBe('17')
  expect(await ask(server.url, 'SHOW work_mem')).toBe('5MB')
  expect(await ask(server.url, 'SHOW listen_addresses')).toBe('127.0.0.1')
  expect(await ask(server.url, 'SHOW unix_socket_directories')).toBe('')
  expect(await ask(server.url, 'SHOW fsync')).toBe('off')
  const stranger = Object.assign(new URL(server.url), { password: 'guessed' }).href
  await expect(ask(stranger, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  await server.stop()
  expect(isAlive(server.pid)).toBe(false)
  expect(existsSync(server.dataDir)).toBe(false)
  await expect(ask(server.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('is durable unless told otherwise, and killed leaves nothing behind once it is stopped', async () => {
  const server = await startEmbeddedPostgres()
  onTestFinished(() => server.stop())
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    expect(await ask(server.url, `SHOW ${setting}`)).toBe('on')
  await server.kill()
  expect(existsSync(server.dataDir)).toBe(true)
  await server.stop()
  expect(existsSync(server.dataDir)).toBe(false)
})

test('a data directory of the caller is kept, and started again after a crash', async () => {
  const home = mkdtempSync(join(tmpdir(), 'onceward-test-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  // The server may run as another user, who has to get through here.
  chmodSync(home, 0o755)
  const dataDir = join(home, 'data')
  const first = await started({ dataDir })
  await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n')
  await first.kill()
  const again = await started({ dataDir })
  expect(await ask(again.url, 'SELECT n FROM kept')).toBe(7)
  expect(again.password).toBe(first.password)
  await again.stop()
  expect(statSync(dataDir).isDirectory()).toBe(true)
})

test('waits for the last processes of a server that was killed', {
  skip: process.platform === 'win32',
}, async () => {
  const home = mkdtempSync(join(tmpdir(), 'onceward-test-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  chmodSync(home, 0o755)
  const dataDir = join(home, 'data')
  const first = await started({ dataDir })
  const client = new Client({ connectionString: first.url })
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const backend = rows[0]?.pid ?? 0
  // A backend that stands still holds the memory of its server beyond the server's end.
  process.kill(backend, 'SIGSTOP')
  process.kill(first.pid, 'SIGKILL')
  // Collected too: while its number is taken, the next server takes it for a running one.
  await until(() => isFree(first.pid), 'the end of the server')
  const again = started({ dataDir })
  const timer = setTimeout(() => process.kill(backend, 'SIGKILL'), 1000)
  onTestFinished(() => clearTimeout(timer))
  expect(await ask((await again).url, 'SELECT 7')).toBe(7)
  await (await again).stop()
})

test('says why it does not start', async () => {
  await expect(startEmbeddedPostgres({ settings: { no_such_setting: 1 } })).rejects.toThrow(/no_such_setting/)
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void holder.close())
  const address = holder.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(startEmbeddedPostgres({ port })).rejects.toThrow(/in use/)
  await expect(startEmbeddedPostgres({ settings: { 'a b': 1 } })).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  })
})

test.each(['SIGKILL', 'an exception'])('does not outlive its owner: %s', async (how) => {
  const ending =
    how === 'SIGKILL' ? 'setInterval(() => {}, 1000)' : `setTimeout(() => { throw new Error('on purpose') })`
  const helper = new URL('./embedded-postgres.ts', import.meta.url).href
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(helper)})
    const { pid, dataDir } = await startEmbeddedPostgres({ fsync: false })
    process.stdout.write(JSON.stringify({ pid, dataDir }) + '\\n')
    ${ending}`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void owner.kill('SIGKILL'))
  let printed = ''
  owner.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  await until(() => printed.includes('\n'), 'the server')
  const { pid, dataDir } = JSON.parse(printed) as { pid: number; dataDir: string }
  if (how === 'SIGKILL') owner.kill(how)
  await until(() => !existsSync(dataDir), 'the end of its files')
  await until(() => !isAlive(pid), 'the end of the server')
})
