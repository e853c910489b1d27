import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Cell } from '../cells.ts'
import type { Measurement } from '../load.ts'
import { type Contender, replayEntries, type Setting } from './contender.ts'
import { PostgresProbe } from './postgres-probe.ts'
import { postgresReference, type ReferenceRow, type Row } from './reference-row.ts'

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

/** What is unique in an operation comes from a random number; everything else is a literal. */
const unique: readonly string[] = ['ref', 'key', 'subject', 'owner', 'fingerprint', 'settled_digest']

function guardScript(table: string, row: ReferenceRow): string {
  const { columns, changed, claimed, settled } = row
  const values = columns.map((name) => expression(claimed, name)).join(', ')
  const sets = changed.map((name) => `${name} = ${expression(settled, name)}`).join(', ')
  const where = ['ref', 'owner', 'attempt']
    .map((name) => `${name} = ${expression(claimed, name)}`)
    .join(' AND ')
  return [
    String.raw`\set n random(1, 999999999999)`,
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values}) ON CONFLICT (ref) DO NOTHING;`,
    `UPDATE ${table} SET ${sets} WHERE ${where};`,
    '',
  ].join('\n')
}

function selectScript(table: string, row: ReferenceRow): string {
  return [
    String.raw`\set n random(1, ${'ENTRIES'})`.replace('ENTRIES', String(replayEntries)),
    `SELECT ${row.columns.join(', ')} FROM ${table} WHERE ref = ${expression(row.settled, 'ref')};`,
    '',
  ].join('\n')
}

async function fill(probe: PostgresProbe, table: string, row: ReferenceRow): Promise<void> {
  const values = row.columns
    .map((name) => expression(row.settled, name).replaceAll(':n::text', 'n::text'))
    .join(', ')
  const rows = `generate_series(1, ${replayEntries}) AS n`
  await probe.query(`INSERT INTO ${table} (${row.columns.join(', ')}) SELECT ${values} FROM ${rows}`)
  await probe.query(`ANALYZE ${table}`)
}

/** `:` before a name is a variable to pgbench, in literals too, so no literal may have one. */
function expression(row: Row, name: string): string {
  const value = row[name]
  const isUnique = unique.includes(name)
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  if (value instanceof Date) return `to_timestamp(${value.getTime() / 1000})`
  if (value instanceof Uint8Array) {
    if (isUnique) return `convert_to(lpad(:n::text, ${value.length}, '0'), 'UTF8')`
    return `'\\x${Buffer.from(value).toString('hex')}'`
  }
  if (typeof value === 'object')
    return `'${JSON.stringify(value).replaceAll("'", "''").replaceAll(':', ': ')}'`
  const text = typeof value === 'string' ? value : ''
  if (isUnique) return `lpad(:n::text, ${text.length}, '0')`
  return `'${text.replaceAll("'", "''")}'`
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
