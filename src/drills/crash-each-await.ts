import { collectHistories } from './collect.ts'
import { type Counts, countsOf } from './counts.ts'
import type { KeyHistory } from './history.ts'
import { inParallel } from './in-parallel.ts'
import { checkInvariants, type Verdicts, type Violation } from './invariants.ts'
import { recover, type Recovered } from './recovery.ts'
import type { Stage } from './stage.ts'
import { faultsInEffect, runTrial, type Trial, type TrialContext } from './trial.ts'
import type { WorkloadId } from './workloads.ts'

export interface CrashOptions {
  readonly stage: Stage
  readonly workload: WorkloadId
  /** Crash at every n-th await only, from `offset` on. Default 1: at each. */
  readonly every?: number
  /** From 1. */
  readonly offset?: number
  /** Only every n-th of the crashes inside the effect. Default 1: all. */
  readonly everyInEffect?: number
  /** Workers at once. Default 2. */
  readonly parallel?: number
  /** L1, from the restart to an answer. Default 15,000 ms. */
  readonly recoveryMs?: number
}

/** What a run of crashes came to. */
export interface CrashReport extends Counts {
  readonly workload: WorkloadId
  /** Awaits of one undisturbed operation. */
  readonly points: number
  /** Crashes at an await. */
  readonly crashes: number
  /** Crashes inside the effect, brought about by the peer. */
  readonly crashesInEffect: number
  /** Answers that workers gave before they were ended. */
  readonly acknowledged: number
  readonly histories: readonly KeyHistory[]
  readonly verdicts: Verdicts
  readonly violations: readonly Violation[]
  readonly durationMs: number
}

/**
 * Counts the awaits of one guarded operation, then runs it once for each of them in a process of its own, which dies
 * by SIGKILL at the k-th; then in processes that die inside the effect. What they leave is recovered, and the
 * invariants are checked on everything that is known. The number of awaits varies a little from run to run (timers,
 * the network), so k rises past the count until a worker survives.
 */
export async function crashEachAwait(options: CrashOptions): Promise<CrashReport> {
  const { stage, workload, everyInEffect = 1, parallel = 2, recoveryMs = 15_000 } = options
  const context: TrialContext = { stage, workload, run: stage.nextRun() }
  const beganAtMs = performance.now()
  const undisturbed = await runTrial(context, {
    name: 'undisturbed',
    what: 'SIGKILL after the answer',
  })
  if (undisturbed.crashed) throw new Error(`The undisturbed ${workload} did not answer.`)
  const atAwaits = await crashAtAwaits(context, { ...options, count: undisturbed.points })
  const faults = faultsInEffect(workload).filter((_, index) => index % everyInEffect === 0)
  const inEffect = await inParallel(faults, parallel, (fault) => runTrial(context, fault))
  await stage.rows.alone()
  const trials = [undisturbed, ...atAwaits, ...inEffect]
  const recovered = await recover(
    stage,
    workload,
    trials.map((trial) => trial.key),
  )
  const histories = await collectHistories(
    stage,
    workload,
    trials.map(({ key, fault, answers }, index) => ({
      ...noneRecovered,
      ...recovered[index],
      key,
      fault,
      answersBefore: answers,
    })),
  )
  return {
    workload,
    points: undisturbed.points,
    crashes: atAwaits.filter((trial) => trial.crashed).length,
    crashesInEffect: inEffect.filter((trial) => trial.crashed).length,
    ...countsOf(histories),
    acknowledged: trials.reduce((total, trial) => total + trial.answers.length, 0),
    histories,
    ...checkInvariants(histories, { recoveryMs }),
    durationMs: Math.round(performance.now() - beganAtMs),
  }
}

const noneRecovered: Recovered = { rows: new Map(), answers: [] }

async function crashAtAwaits(
  context: TrialContext,
  options: CrashOptions & { readonly count: number },
): Promise<readonly Trial[]> {
  const { count, every = 1, offset = 1, parallel = 2 } = options
  const at = (k: number): Promise<Trial> =>
    runTrial(context, {
      name: `await-${k}`,
      what: `SIGKILL at await ${k}`,
      inCall: { k, signal: 'SIGKILL' },
    })
  const points: number[] = []
  for (let k = offset; k <= count; k += every) points.push(k)
  const trials = await inParallel(points, parallel, at)
  for (let k = count + 1; ; k += 1) {
    const trial = await at(k)
    trials.push(trial)
    if (!trial.crashed) return trials
  }
}
