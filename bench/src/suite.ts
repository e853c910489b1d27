import { rmSync } from 'node:fs'
import type { EmbeddedPostgres } from '../../src/testing/embedded-postgres.ts'
import { type Cell, cellId, contenderTitles } from './cells.ts'
import { PostgresProbe } from './contenders/postgres-probe.ts'
import { hasNginx } from './gateway/proxies.ts'
import { hasPgbench } from './contenders/pgbench.ts'
import type { Measurement, Window } from './load.ts'
import { describeMachine, temporaryHome, watchDisturbance } from './machine.ts'
import { hasPostgresStore, loadEmbeddedPostgres, type ProductForm } from './product.ts'
import { count, duration, say } from './progress.ts'
import type { CellResult, Results } from './results.ts'
import { Team } from './team.ts'
import { versions } from './versions.ts'

export interface SuiteOptions {
  readonly cells: readonly Cell[]
  readonly rounds: number
  readonly window: Window
  readonly isQuick: boolean
  readonly form: ProductForm
}

/** Sizes that are tried for the pool of the `pg` reference. */
const poolSizes: readonly number[] = [4, 8, 16, 32, 64]

/** Measures the cells, round after round, and gives everything that was seen. */
export async function runSuite(options: SuiteOptions): Promise<Results> {
  const startedAt = new Date().toISOString()
  const sinceMs = performance.now()
  const { cells, skipped } = withoutMissing(options.cells)
  const home = temporaryHome()
  process.once('exit', () => rmSync(home, { recursive: true, force: true }))
  const machine = describeMachine(home)
  say(
    `${machine.processor}, ${machine.cores} cores, fdatasync ${machine.syncP50Ms.toFixed(2)} ms (p50), load ${machine.loadAtStart.toFixed(1)}`,
  )
  const disturbance = watchDisturbance()
  const server = cells.some((cell) => cell.group === 'postgres') ? await startServer(options.form) : undefined
  const team = new Team({
    form: options.form,
    directory: home,
    ...(server === undefined ? {} : { postgresUrl: server.postgres.url }),
  })
  try {
    const bestPools = await findBestPools(team, cells, options)
    const results = await measureAll(team, cells, { ...options, bestPools })
    return {
      format: 1,
      startedAt,
      tookSeconds: Math.round((performance.now() - sinceMs) / 1000),
      isQuick: options.isQuick,
      form: options.form,
      rounds: options.rounds,
      window: options.window,
      machine: { ...machine, ...disturbance() },
      versions: versions(server?.version),
      serverSettings: server?.settings ?? {},
      bestPools,
      cells: results,
      skipped,
    }
  } finally {
    await team.close()
    await server?.postgres.stop()
  }
}

function withoutMissing(cells: readonly Cell[]): {
  readonly cells: readonly Cell[]
  readonly skipped: readonly string[]
} {
  const skipped: string[] = []
  let left = cells
  const drop = (why: string, isMissing: (cell: Cell) => boolean): void => {
    if (!left.some(isMissing)) return
    say(why)
    skipped.push(why)
    left = left.filter((cell) => !isMissing(cell))
  }
  if (!hasPostgresStore())
    drop('skipped: everything on PostgreSQL, its store is not there', (cell) => cell.group === 'postgres')
  if (!hasPgbench()) drop('skipped: pgbench, which is not installed', (cell) => cell.contender === 'pgbench')
  if (!hasNginx()) drop('skipped: nginx, which is not installed', (cell) => cell.contender === 'proxy-nginx')
  return { cells: left, skipped }
}

interface Server {
  readonly postgres: EmbeddedPostgres
  readonly version: string
  readonly settings: Readonly<Record<string, string>>
}

/** Production settings: fsync and everything else as PostgreSQL ships them, but for what the embedding needs. */
async function startServer(form: ProductForm): Promise<Server> {
  const { startEmbeddedPostgres } = await loadEmbeddedPostgres(form)
  const postgres = await startEmbeddedPostgres()
  const probe = await PostgresProbe.connect(postgres.url)
  try {
    const version = await probe.query('SHOW server_version')
    const changed = await probe.query(
      `SELECT name, setting FROM pg_settings WHERE source IN ('command line', 'configuration file') AND setting <> boot_val
       AND name NOT IN ('data_directory', 'port') ORDER BY name`,
    )
    const fsync = await probe.query('SHOW fsync')
    const settings = changed.rows.map((row) => [String(row['name']), String(row['setting'])])
    return {
      postgres,
      version: String(version.rows[0]?.['server_version']).split(' ')[0] ?? 'unknown',
      settings: { fsync: String(fsync.rows[0]?.['fsync']), ...Object.fromEntries(settings) },
    }
  } finally {
    await probe.close()
  }
}

/** Tries each size for a moment; the reference is to be as fast as it can be. */
async function findBestPools(
  team: Team,
  cells: readonly Cell[],
  options: SuiteOptions,
): Promise<Readonly<Record<string, number>>> {
  const best: Record<string, number> = {}
  const window = options.isQuick ? { warmMs: 100, measureMs: 200 } : { warmMs: 400, measureMs: 700 }
  for (const concurrency of new Set(
    cells.filter((cell) => cell.pool === 'best').map((cell) => cell.concurrency),
  )) {
    let top = 0
    for (const poolSize of poolSizes) {
      const cell: Cell = {
        group: 'postgres',
        contender: 'named-pg',
        work: 'guard',
        withSubject: false,
        concurrency,
        pool: 'best',
      }
      const { opsPerSecond } = await team.measure(cell, { ...window, poolSize })
      say(`pg, ${concurrency} at once, pool of ${poolSize}: ${count(opsPerSecond)}/s`)
      if (opsPerSecond > top) best[concurrency] = poolSize
      top = Math.max(top, opsPerSecond)
    }
  }
  return best
}

async function measureAll(
  team: Team,
  cells: readonly Cell[],
  options: SuiteOptions & { readonly bestPools: Readonly<Record<string, number>> },
): Promise<readonly CellResult[]> {
  const sinceMs = performance.now()
  const rounds = new Map<string, Measurement[]>(cells.map((cell) => [cellId(cell), []]))
  const all = cells.length * options.rounds
  let done = 0
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const cell of cells) {
      const poolSize = poolSizeOf(cell, options.bestPools)
      const measurement = await team.measure(cell, {
        ...options.window,
        ...(poolSize === undefined ? {} : { poolSize }),
      })
      rounds.get(cellId(cell))?.push(measurement)
      done += 1
      const leftMs = ((performance.now() - sinceMs) / done) * (all - done)
      const title = contenderTitles[cell.contender].replaceAll('`', '')
      const what = `${cell.group} ${cell.work} ×${cell.concurrency}${cell.withSubject ? ' subject' : ''}: ${title}`
      const { opsPerSecond, callsPerIntent } = measurement
      const figure =
        callsPerIntent === undefined
          ? `${count(opsPerSecond)}/s`
          : `${callsPerIntent.toFixed(2)} calls an intent`
      say(`[${done}/${all}, ${duration(leftMs)} left] ${what}: ${figure}`)
    }
  }
  return cells.map((cell) => {
    const poolSize = poolSizeOf(cell, options.bestPools)
    return {
      id: cellId(cell),
      cell,
      ...(poolSize === undefined ? {} : { poolSize }),
      rounds: rounds.get(cellId(cell)) ?? [],
    }
  })
}

function poolSizeOf(cell: Cell, bestPools: Readonly<Record<string, number>>): number | undefined {
  if (cell.pool === undefined) return undefined
  return cell.pool === 'best' ? (bestPools[cell.concurrency] ?? 16) : cell.pool
}
