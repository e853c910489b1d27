import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Cell } from '../cells.ts'
import type { Measurement } from '../load.ts'
import { type Contender, replayEntries, type Setting } from './contender.ts'
import { PostgresProbe } from './postgres-probe.ts'
import { postgresReference, type ReferenceRow, type Row } from './reference-row.ts'
import { randomColumns, splitAtOrder } from './reference-values.ts'

export function hasPgbench(): boolean {
  return spawnSync('pgbench', ['--version'], { stdio: 'ignore' }).status === 0
}

/** PostgreSQL's own load generator with the same two statements: as little client as there can be. */
export async function pgbenchContender(setting: Setting): Promise<Contender> {
  if (setting.postgresUrl === undefined) throw new Error('pgbench needs a server')
  const probe = await PostgresProbe.connect(setting.postgresUrl)
  return {
    measure: async (cell, window) => {
      const row = await postgresReference(setting, probe, cell.withSubject)
      await probe.empty()
      const table = await probe.entriesTable()
      const file = join(setting.directory, 'script.sql')
      if (cell.work === 'replay') await fill(probe, table, row)
      writeFileSync(file, cell.work === 'replay' ? selectScript(table, row) : guardScript(table, row))
      await probe.checkpoint()
      const seconds =
        Math.max(Math.round((window.warmMs + window.measureMs) / 1000), 2) + connectSeconds(cell)
      const before = await probe.logBytes()
      const measured = await runPgbench(probe.url, [
        '--no-vacuum',
        '--protocol=prepared',
        `--client=${cell.concurrency}`,
        `--jobs=${Math.min(cell.concurrency, availableParallelism())}`,
        `--time=${seconds}`,
        `--file=${file}`,
        '--define=k=0',
      ])
      const logBytes = (await probe.logBytes()) - before
      return cell.work === 'replay'
        ? measured
        : { ...measured, logBytesPerOp: logBytes / measured.operations }
    },
    close: () => probe.close(),
  }
}

/** Connecting is not measured, but its time is taken off the run's. */
function connectSeconds(cell: Cell): number {
  return Math.ceil(cell.concurrency / 64)
}

/**
 * The same values as the other references', made by the server or by pgbench: each client numbers its own orders,
 * whose refs lie together by the hundred.
 */
function guardScript(table: string, row: ReferenceRow): string {
  const { inserted, changed, claimed, settled } = row
  const values = inserted.map((name) => expression(name, claimed, claimed)).join(', ')
  const sets = changed.map((name) => `${name} = ${expression(name, settled, claimed)}`).join(', ')
  const where = ['ref', 'owner', 'attempt'].map((name) => `${name} = ${expression(name, claimed, claimed)}`)
  return [
    String.raw`\set k :k + 1`,
    String.raw`\set n :client_id * 150000 + :k`,
    String.raw`\set place abs(hash(:n / 100)) % 10000`,
    String.raw`\set random random(1000000000, 9999999999)`,
    `INSERT INTO ${table} (${inserted.join(', ')}) VALUES (${values}) ON CONFLICT (ref) DO NOTHING;`,
    `UPDATE ${table} SET ${sets} WHERE ${where.join(' AND ')};`,
    '',
  ].join('\n')
}

function selectScript(table: string, row: ReferenceRow): string {
  return [
    String.raw`\set n random(1, ${replayEntries})`,
    `SELECT ${row.columns.join(', ')} FROM ${table} WHERE ref = lpad(:n::text, 24, '0');`,
    '',
  ].join('\n')
}

async function fill(probe: PostgresProbe, table: string, row: ReferenceRow): Promise<void> {
  const { columns, settled } = row
  const values = columns.map((name) => (name === 'ref' ? "lpad(n::text, 24, '0')" : literal(settled[name])))
  const rows = `generate_series(1, ${replayEntries}) AS n`
  await probe.query(`INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM ${rows}`)
  await probe.query(`ANALYZE ${table}`)
}

const serverMs = "floor(date_part('epoch', statement_timestamp()) * 1000)::bigint"

function expression(name: string, row: Row, claimed: Row): string {
  const value = row[name]
  if (name.endsWith('_ms') && value !== null && Number(value) > 1e12) {
    const offsetMs = Number(value) - Number(claimed['claimed_at_ms'])
    return `${serverMs} + ${offsetMs}`
  }
  if (typeof value !== 'string') return literal(value)
  if (name === 'ref')
    return `lpad(:place::text, 4, '0') || rpad(:random::text, ${value.length - 10}, '0') || lpad(:k::text, 6, '0')`
  if (randomColumns.includes(name)) return `rpad(:random::text, ${value.length}, '0')`
  const [before, after] = splitAtOrder(value)
  return after === undefined
    ? literal(value)
    : `${literal(before)} || lpad(:n::text, 7, '0') || ${literal(after)}`
}

/** `:` before a name is a variable to pgbench, inside literals too: there a space goes between. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `'${text.replaceAll("'", "''").replaceAll(/:(?=\w)/g, ': ')}'`
}

function runPgbench(url: string, args: readonly string[]): Promise<Measurement> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const env = {
    ...process.env,
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: password,
    LC_ALL: 'C',
  }
  return new Promise((resolve, reject) => {
    const child = spawn('pgbench', [...args, pathname.slice(1)], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const stopChild = (): void => void child.kill('SIGKILL')
    process.once('exit', stopChild)
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => {
      process.off('exit', stopChild)
      const report = code === 0 ? parseReport(output) : undefined
      if (report === undefined)
        reject(new Error(`pgbench ended with exit code ${code}: ${output}${errors.trim()}`))
      else resolve(report)
    })
  })
}

function parseReport(output: string): Measurement | undefined {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1])
  const report = {
    operations: number(/number of transactions actually processed: (\d+)/),
    opsPerSecond: number(/tps = ([\d.]+) \(without initial connection time\)/),
    meanMs: number(/latency average = ([\d.]+) ms/),
  }
  return Object.values(report).every((value) => value > 0) ? report : undefined
}
