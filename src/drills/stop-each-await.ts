import type { Child, Message } from './children.ts'
import { collectHistories, type Witness } from './collect.ts'
import { type Counts, countsOf } from './counts.ts'
import type { CrashOptions } from './crash-each-await.ts'
import type { KeyHistory } from './history.ts'
import { inParallel } from './in-parallel.ts'
import { checkInvariants, type Verdicts, type Violation } from './invariants.ts'
import { type Recovered, Recovery } from './recovery.ts'
import { startWorker } from './stage.ts'
import type { TrialContext } from './trial.ts'
import { type Answer, isAnswer, isStopping } from './worker-protocol.ts'
import type { WorkloadId } from './workloads.ts'

export interface StopOptions extends CrashOptions {
  /** The last await to stop at. Default: the last of an undisturbed operation. */
  readonly until?: number
}

/** What a run of stops came to. */
export interface StopReport extends Counts {
  readonly workload: WorkloadId
  /** Awaits of one undisturbed operation. */
  readonly points: number
  /** Workers that stood still in the middle of their call while others went on. */
  readonly stops: number
  readonly histories: readonly KeyHistory[]
  readonly verdicts: Verdicts
  readonly violations: readonly Violation[]
  readonly durationMs: number
}

/** A worker that stands still, or has answered before it came to its await. */
interface Zombie {
  readonly key: string
  readonly k: number
  readonly worker: Child
  readonly isStopped: boolean
  answer: Answer | undefined
}

const afterwardsMs = 100

/**
 * Lets a worker stand still (SIGSTOP) at the k-th await of its call, for longer than its lease; others call, sweep and
 * take over; then it goes on (SIGCONT) as if nothing had been. All stopped workers are kept at once, so `every` should
 * leave two dozen at most.
 */
export async function stopEachAwait(options: StopOptions): Promise<StopReport> {
  const { stage, workload, recoveryMs = 15_000 } = options
  const beganAtMs = performance.now()
  const context: TrialContext = { stage, workload, run: stage.nextRun() }
  const points = await countPoints(context)
  const zombies = await startZombies(context, {
    ...options,
    until: Math.min(points, options.until ?? points),
  })
  const recovered = await outlive(context, zombies, recoveryMs)
  const witnesses = zombies.map((zombie, index) => witnessOf(zombie, recovered[index]))
  const histories = await collectHistories(stage, workload, witnesses)
  return {
    workload,
    points,
    stops: zombies.filter(({ isStopped }) => isStopped).length,
    ...countsOf(histories),
    histories,
    ...checkInvariants(histories, { recoveryMs }),
    durationMs: Math.round(performance.now() - beganAtMs),
  }
}

async function countPoints({ stage, workload, run }: TrialContext): Promise<number> {
  const key = `${workload}-${run}-unstopped`
  const worker = startWorker(stage, { name: key, workload, keys: [key] })
  const { points } = await worker.take(isAnswer)
  await worker.kill()
  return points
}

async function startZombies(
  { stage, workload, run }: TrialContext,
  { every = 1, offset = 1, parallel = 2, until = 0 }: StopOptions,
): Promise<readonly Zombie[]> {
  const at: number[] = []
  for (let k = offset; k <= until; k += every) at.push(k)
  return inParallel(at, parallel, async (k): Promise<Zombie> => {
    const key = `${workload}-${run}-stop-${k}`
    const worker = startWorker(stage, { name: key, workload, keys: [key], fault: { k, signal: 'SIGSTOP' } })
    // The number of awaits varies a little, so that one may answer before it comes to its k-th.
    const first = await worker.take((message): message is Message => isStopping(message) || isAnswer(message))
    return {
      key,
      k,
      worker,
      isStopped: isStopping(first),
      answer: isAnswer(first) ? first.answer : undefined,
    }
  })
}

/** Others go on while the workers stand still; then these come back, and at last a person decides what is left. */
async function outlive(
  { stage, workload }: TrialContext,
  zombies: readonly Zombie[],
  withinMs: number,
): Promise<readonly Recovered[]> {
  const keys = zombies.map(({ key }) => key)
  const recovery = await Recovery.open(stage, workload, keys)
  const endAll = (): Promise<unknown> => Promise.all(zombies.map(({ worker }) => worker.kill()))
  try {
    await recovery.look('after-fault')
    await recovery.callAndSweep()
    await recovery.look('after-recovery')
    await recovery.call()
    await recovery.look('after-replay')
    await Promise.all(zombies.map((zombie) => wake(zombie, withinMs)))
    await recovery.look('after-return')
    await recovery.call()
    // Nobody decides while somebody may still be at work.
    await endAll()
    await recovery.decideDoubts()
    await recovery.look('after-decision')
    return recovery.results()
  } finally {
    await recovery.close()
    await endAll()
  }
}

/** Lets a stopped worker go on, and waits for how its call ends. */
async function wake(zombie: Zombie, withinMs: number): Promise<void> {
  if (!zombie.isStopped) return
  const { worker } = zombie
  worker.goOn()
  const { answer } = await worker.take(isAnswer, withinMs)
  // It stood still for most of that.
  zombie.answer = { ...answer, tookMs: 0 }
  // Its caller may have its answer (the lease is lost) before its effect is over: let that come to its end too.
  await new Promise((resolve) => void setTimeout(resolve, afterwardsMs))
}

function witnessOf({ key, k, isStopped, answer }: Zombie, recovered: Recovered | undefined): Witness {
  const { rows = new Map(), answers = [] } = recovered ?? {}
  const own = answer === undefined ? [] : [answer]
  if (!isStopped) return { key, rows, fault: 'none', answersBefore: own, answers }
  return { key, rows, fault: `SIGSTOP at await ${k}`, answersBefore: [], answers: [...answers, ...own] }
}
