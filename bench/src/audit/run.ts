import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../load.ts'
import { temporaryHome } from '../machine.ts'
import { buildDir, type ProductForm, rootDir } from '../product.ts'
import { count, say } from '../progress.ts'
import { table } from '../tables.ts'
import { type Data, makeData } from './data.ts'

const contenders = [
  { name: 'duckdb', title: 'bare DuckDB: every group and the totals, in SQL', form: 'parquet' },
  { name: 'duckdb-count', title: 'bare DuckDB: the counts alone', form: 'parquet' },
  { name: 'audit', title: '**onceward audit**: groups judged, reasons, patterns', form: 'parquet' },
  { name: 'sqlite', title: 'SQLite (`node:sqlite`), table filled before', form: 'sqlite' },
  { name: 'map', title: 'Node stream with a Map: the counts alone', form: 'csv' },
] as const

/** Few duplicates, as after a small mishap, and as many as in the overnight run. */
const shares = [0.0001, 0.04]

interface Measured {
  readonly ms: number
  readonly processorMs: number
  readonly peakMb: number
  readonly answer: readonly number[]
}

/**
 * Duplicates in a file, asked of each contender in turn, each in a process of its own, start of the engine included. Not
 * measured: filling SQLite's table, writing Parquet, slow disks (the files are in the page cache).
 */
export async function runAuditBench(options: {
  readonly form: ProductForm
  readonly rounds: number
  readonly rows: number
}): Promise<boolean> {
  let isRight = true
  for (const share of shares) {
    const home = temporaryHome()
    try {
      say(`making ${count(options.rows)} rows, ${share * 100} % of them again`)
      const data = await makeData(home, options.rows, share)
      const measured = new Map<string, Measured[]>()
      for (let round = 0; round < options.rounds; round += 1)
        for (const contender of contenders) {
          const one = measure(contender, data, { home, form: options.form })
          say(`round ${round + 1}: ${contender.name}: ${Math.round(one.ms)} ms`)
          measured.set(contender.name, [...(measured.get(contender.name) ?? []), one])
        }
      isRight = print(options.rows, share, measured) && isRight
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }
  return isRight
}

function measure(
  { name, form }: (typeof contenders)[number],
  data: Data,
  at: { readonly home: string; readonly form: ProductForm },
): Measured {
  const module =
    at.form === 'build' ? join(buildDir, 'reconcile/index.js') : join(rootDir, 'src/reconcile/index.ts')
  const script = join(rootDir, 'bench/src/audit/contender-process.ts')
  const args = ['--max-old-space-size=8000', script, name, data[form], module, at.home]
  const { stdout, status } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 2],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
  return JSON.parse(stdout) as Measured
}

function print(rows: number, share: number, measured: ReadonlyMap<string, readonly Measured[]>): boolean {
  const of = (name: string, value: (one: Measured) => number): number =>
    median((measured.get(name) ?? []).map(value))
  const bare = of('duckdb', ({ ms }) => ms)
  const lines = contenders.map(({ name, title }) => [
    title,
    `${Math.round(of(name, ({ ms }) => ms))}`,
    `${Math.round(of(name, ({ processorMs }) => processorMs))}`,
    `${Math.round(of(name, ({ peakMb }) => peakMb))}`,
    (of(name, ({ ms }) => ms) / bare).toFixed(2),
  ])
  console.log(`\n${count(rows)} rows, ${share * 100} % of them again\n`)
  console.log(table(['contender', 'ms', 'processor ms', 'peak MB', 'of bare DuckDB'], lines))
  const answers = new Set([...measured.values()].flat().map(({ answer }) => JSON.stringify(answer)))
  if (answers.size > 1) console.log(`\nThe contenders do not agree: ${[...answers].join(' ')}`)
  return answers.size === 1
}
