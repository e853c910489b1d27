import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../load.ts'
import { temporaryHome } from '../machine.ts'
import { buildDir, type ProductForm, rootDir } from '../product.ts'
import { count, say } from '../progress.ts'
import { filesIn, makeEffects, makeIncident, makeNight, makeSides, incidentRows } from './data.ts'
import type { FilesResult, FilesRow } from './result.ts'

const duplicates = [
  { name: 'duckdb', title: 'bare DuckDB: every group and the totals, in SQL' },
  { name: 'duckdb-count', title: 'bare DuckDB: the counts alone' },
  { name: 'audit', title: '**onceward audit**: groups judged, reasons, patterns' },
  { name: 'sqlite', title: 'SQLite (`node:sqlite`), table filled before' },
  { name: 'map', title: 'Node stream with a Map: the counts alone' },
]
const comparison = [
  { name: 'duckdb-sides', title: 'bare DuckDB: both sides grouped by key, and joined' },
  { name: 'duckdb-join', title: 'bare DuckDB: joined row by row, blind to keys that come twice' },
  { name: 'reconcile', title: '**onceward reconcile**: every difference at hand' },
]
const incident = [
  { name: 'duckdb-charges', title: 'bare DuckDB: rows, and references that come more than once' },
  { name: 'triage', title: '**onceward triage**: all signals, causes, plan, report' },
]

/** Few duplicates, as after a small mishap, and as many as in the overnight run. */
const shares = [0.0001, 0.04]
/** Beyond it only DuckDB is asked: SQLite and a Map take minutes, and more memory than there is. */
const largeRows = 20_000_000

interface Measured {
  readonly ms: number
  readonly processorMs: number
  readonly peakMb: number
  readonly answer: readonly number[]
}

interface Options {
  readonly form: ProductForm
  readonly rounds: number
  readonly rows: number
}

/**
 * Questions about files, asked of each contender in turn, each in a process of its own, start of the engine included. Not
 * measured: filling SQLite's table, writing Parquet, slow disks (the files are in the page cache).
 */
export async function runFilesBench(options: Options): Promise<FilesResult> {
  const home = temporaryHome()
  const { rows } = options
  const isLarge = rows > largeRows
  const found: FilesRow[] = []
  try {
    for (const share of shares) {
      const question = `duplicates, ${count(rows)} rows, ${share * 100} % of them again`
      say(`making ${question}`)
      await makeEffects(home, { rows, share, isLarge })
      const asked = duplicates.filter(({ name }) => !isLarge || name.startsWith('duckdb') || name === 'audit')
      found.push(...ask(question, { asked, reference: 'duckdb', home, options }))
    }
    const question = `comparison, ${count(rows)} × ${count(rows)} rows`
    say(`making ${question}`)
    await makeSides(home, rows)
    found.push(...ask(question, { asked: comparison, reference: 'duckdb-sides', home, options }))
    await makeIncident(home)
    const read = `an incident, ${count(incidentRows)} charges in 1 GB of JSON lines`
    found.push(...ask(read, { asked: incident, reference: 'duckdb-charges', home, options }))
    await makeNight(home)
    found.push(night(home, options))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  return { startedAt: new Date().toISOString(), rows, node: process.versions.node, found }
}

interface Asking {
  readonly asked: readonly { readonly name: string; readonly title: string }[]
  readonly reference: string
  readonly home: string
  readonly options: Options
}

function ask(question: string, { asked, reference, home, options }: Asking): readonly FilesRow[] {
  const measured = new Map<string, Measured[]>()
  for (let round = 0; round < options.rounds; round += 1)
    for (const { name } of asked) {
      const one = measure(name, home, options.form)
      say(`round ${round + 1}: ${name}: ${Math.round(one.ms)} ms`)
      measured.set(name, [...(measured.get(name) ?? []), one])
    }
  const answers = new Set([...measured.values()].flat().map(({ answer }) => JSON.stringify(answer)))
  if (answers.size > 1) throw new Error(`The contenders do not agree: ${[...answers].join(' ')}`)
  const of = (name: string, value: (one: Measured) => number): number =>
    median((measured.get(name) ?? []).map(value))
  return asked.map(({ name, title }) => ({
    question,
    name,
    title,
    ms: Math.round(of(name, ({ ms }) => ms)),
    processorMs: Math.round(of(name, ({ processorMs }) => processorMs)),
    peakMb: Math.round(of(name, ({ peakMb }) => peakMb)),
    ofReference: of(name, ({ ms }) => ms) / of(reference, ({ ms }) => ms),
  }))
}

function measure(name: string, home: string, form: ProductForm): Measured {
  const room = name === 'triage' ? 'incidents' : 'reconcile'
  const module = form === 'build' ? join(buildDir, room, 'index.js') : join(rootDir, 'src', room, 'index.ts')
  const script = join(rootDir, 'bench/src/files/contender-process.ts')
  const args = ['--max-old-space-size=8000', script, name, home, module]
  const { stdout, status } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 2],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
  return JSON.parse(stdout) as Measured
}

/** The whole command, from its start to its end. */
function night(home: string, { form, rounds }: Options): FilesRow {
  const bin = form === 'build' ? join(buildDir, 'cli/bin.js') : join(rootDir, 'src/cli/main.ts')
  const args = [bin, 'audit', filesIn(home).night, '--ref', 'order_ref', '--json']
  const times = Array.from({ length: rounds }, () => {
    const startMs = performance.now()
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 })
    if (status !== 1) throw new Error(`onceward audit ended with ${status}`)
    const { rows, extraRows } = JSON.parse(stdout) as { rows: number; extraRows: number }
    if (rows !== 46_217 || extraRows < 1842) throw new Error(`${rows} rows, ${extraRows} too many`)
    return performance.now() - startMs
  })
  say(`the command, 46,217 rows: ${Math.round(median(times))} ms`)
  return {
    question: '46,217 rows of CSV, 1,848 of them again',
    name: 'command',
    title: '**onceward audit**, the command with its start',
    ms: Math.round(median(times)),
  }
}
