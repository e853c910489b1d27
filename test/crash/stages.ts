import { join } from 'node:path'
import { afterAll, beforeAll, type TestContext } from 'vitest'
import { type CrashOptions } from '../../src/drills/crash-each-await.ts'
import type { Counts } from '../../src/drills/counts.ts'
import type { Verdicts, Violation } from '../../src/drills/invariants.ts'
import { openStage, type Stage, type StageOptions } from '../../src/drills/stage.ts'
import { testDatabase } from '../support/postgres.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'

export type StoreName = 'sqlite' | 'postgres'

/** A stage for all tests of a file or a `describe`: its processes, database and folder are gone with them. */
export function useStage(
  store: StoreName,
  options: Omit<StageOptions, 'storeUrl' | 'folder'> = {},
): () => Stage {
  let stage: Stage | undefined
  const endings: (() => Promise<void> | void)[] = []
  beforeAll(async () => {
    const directory = makeTemporaryDirectory()
    endings.unshift(() => directory.remove())
    const database = store === 'postgres' ? await testDatabase() : undefined
    if (database !== undefined) endings.unshift(() => database.drop())
    const opened = await openStage({
      storeUrl:
        database === undefined ? `sqlite:${join(directory.path, 'ledger.db')}` : withTimeout(database.url),
      folder: join(directory.path, 'evidence'),
      ...options,
    })
    endings.unshift(() => opened.close())
    stage = opened
  })
  afterAll(async () => {
    const failures: unknown[] = []
    for (const end of endings) await Promise.resolve(end()).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw new AggregateError(failures, 'A stage could not be cleared.')
  })
  return () => {
    if (stage === undefined) throw new Error('The stage is not open yet.')
    return stage
  }
}

/**
 * A worker that stands still between its last statement and COMMIT keeps its rows locked for as long, and those who
 * call wait; a setting of the server's own ends that.
 */
function withTimeout(url: string): string {
  return `${url}?options=${encodeURIComponent('-c idle_in_transaction_session_timeout=1s')}`
}

/** All awaits in `npm run verify` and the long proof; `npm test` takes a share of them, another one each time. */
export const isWhole: boolean = ['verify', 'full'].includes(process.env['ONCEWARD_TEST_SIZE'] ?? '')

/** The seed that rotates the share: `ONCEWARD_TEST_SEED`, else a new one. It is printed. */
export const seed: number = Number(process.env['ONCEWARD_TEST_SEED'] ?? Math.floor(Math.random() * 1_000_000))

/** Every n-th await of a run, from an offset that the seed gives. */
export function shareOf(every: number): Pick<CrashOptions, 'every' | 'offset'> {
  return isWhole ? {} : { every, offset: 1 + (seed % every) }
}

interface Summary extends Counts {
  readonly workload: string
  readonly points: number
  readonly crashes?: number
  readonly crashesInEffect?: number
  readonly stops?: number
  readonly durationMs: number
}

/** One line for people: how much was tried, and what came of it. */
export function tell(store: StoreName, report: Summary): void {
  const { workload, points, durationMs, ...counts } = report
  const names = [
    'crashes',
    'crashesInEffect',
    'stops',
    'takeovers',
    'replays',
    'inDoubt',
    'effects',
    'lateOutcomes',
  ] as const
  const parts = names.flatMap((name) => (counts[name] === undefined ? [] : [`${name} ${counts[name]}`]))
  console.log(
    `${store} ${workload}: ${points} awaits, ${parts.join(', ')} in ${durationMs} ms (seed ${seed})`,
  )
}

export function totalOf(reports: readonly Counts[]): Counts {
  const sum = (name: keyof Counts): number => reports.reduce((total, report) => total + report[name], 0)
  return {
    takeovers: sum('takeovers'),
    replays: sum('replays'),
    inDoubt: sum('inDoubt'),
    effects: sum('effects'),
    asked: sum('asked'),
    renewals: sum('renewals'),
    lateOutcomes: sum('lateOutcomes'),
  }
}

/** The invariants that a report has as broken. */
export function brokenIn(report: {
  readonly verdicts: Verdicts
  readonly violations: readonly Violation[]
}): string[] {
  return Object.entries(report.verdicts).flatMap(([invariant, verdict]) =>
    verdict === 'broken' ? [invariant] : [],
  )
}

/** For tests that let a process stand still. */
export function needsStops(context: TestContext): void {
  context.skip(process.platform === 'win32', 'Windows has no SIGSTOP')
}
