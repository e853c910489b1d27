import { count } from '../../kernel/check.ts'
import { OncewardError } from '../../kernel/errors.ts'
import { type Check, type Examination, problem } from './report.ts'

/** How many connections all workers together may open: each has a pool of its own. */
export interface PoolPlan {
  readonly workers: number
  readonly pool: number
}

/** The store's own pool, where nothing else is set (`connections`). */
const defaultPool = 10

/** Reads `--workers` and `--pool`. Throws `OPTION_INVALID`. */
export function parsePoolPlan(options: { workers?: string; pool?: string }): PoolPlan | undefined {
  const { workers, pool } = options
  if (workers === undefined && pool === undefined) return undefined
  if (workers === undefined)
    throw new OncewardError('OPTION_INVALID', '--pool must be given together with --workers.')
  const bounds = { min: 1, max: 1_000_000 }
  const whole = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN)
  return {
    workers: count(whole(workers), '--workers', bounds),
    pool: pool === undefined ? defaultPool : count(whole(pool), '--pool', bounds),
  }
}

/** Adds what the plan comes to beside what the server allows an ordinary role. */
export function withPools(examination: Examination, plan: PoolPlan | undefined): Examination {
  if (plan === undefined || examination.error !== undefined) return examination
  const { store, checks, findings } = examination
  if (store.kind !== 'postgres')
    throw new OncewardError('OPTION_INVALID', `--workers is for a PostgreSQL store, this is ${store.kind}.`)
  const check = poolsCheck(plan, store.settings['usableConnections'])
  const text = `${check.setting}: ${check.is}, and ${check.needs}. Workers will wait for connections or be refused; what waits is slow, and what is slow is tried twice.`
  const found = check.holds === false ? [problem(text)] : []
  return { ...examination, checks: [...checks, check], findings: [...findings, ...found] }
}

export function poolsCheck({ workers, pool }: PoolPlan, usable: unknown): Check {
  const known = typeof usable === 'number' ? usable : undefined
  return {
    id: 'pools',
    setting: 'connections that all workers may open',
    is: `${workers} × ${pool} = ${workers * pool}`,
    needs: `at most ${known ?? 'an unknown number'} (max_connections less those reserved)`,
    holds: known === undefined ? null : workers * pool <= known,
    change: 'fewer workers, a smaller pool, a pooler between, or max_connections (and a restart)',
  }
}
