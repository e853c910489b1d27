import type { Child, Message } from './children.ts'
import { collectHistories } from './collect.ts'
import { countsOf } from './counts.ts'
import type { CrashOptions, CrashReport } from './crash-each-await.ts'
import { inParallel } from './in-parallel.ts'
import { checkInvariants } from './invariants.ts'
import { Recovery } from './recovery.ts'
import { startWorker } from './stage.ts'
import { type AnswerMessage, isAnswer, isStopping } from './worker-protocol.ts'

/** What a run of stops came to. */
export interface StopReport extends Omit<CrashReport, 'crashes' | 'crashesInEffect' | 'acknowledged'> {
  /** Workers that stood still in the middle of their call while others went on. */
  readonly stops: number
  /** Outcomes that came after their entry had gone on without them. */
  readonly lateOutcomes: number
}

const afterwardsMs = 100

interface Zombie {
  readonly key: string
  readonly k: number
  readonly worker: Child
  readonly isStopped: boolean
  answer: AnswerMessage | undefined
}

/**
 * Lets a worker stand still (SIGSTOP) at the k-th await of its call, for longer than its lease; others call, sweep and
 * take over; then it goes on (SIGCONT) as if nothing had been. All stopped workers are kept at once, so `every` should
 * leave a dozen.
 */
export async function stopEachAwait(options: CrashOptions): Promise<StopReport> {
  const { stage, workload, recoveryMs = 15_000 } = options
  const beganAtMs = performance.now()
  const counting = startWorker(stage, {
    name: `${workload}-unstopped`,
    workload,
    keys: [`${workload}-unstopped`],
  })
  const { points } = await counting.take(isAnswer)
  await counting.kill()
  const zombies = await startZombies(options, points)
  const recovery = await Recovery.open(
    stage,
    workload,
    zombies.map(({ key }) => key),
  )
  try {
    await recovery.look('after-fault')
    await recovery.callAndSweep()
    await recovery.look('after-recovery')
    await recovery.call()
    await recovery.look('after-replay')
    await inParallel(zombies, zombies.length, (zombie) => wake(zombie, recoveryMs))
    await recovery.look('after-return')
    await recovery.call()
    // Nobody decides while somebody may still be at work.
    await Promise.all(zombies.map(({ worker }) => worker.kill()))
    await recovery.decideDoubts()
    await recovery.look('after-decision')
  } finally {
    await recovery.close()
    await Promise.all(zombies.map(({ worker }) => worker.kill()))
  }
  const recovered = recovery.results()
  const histories = await collectHistories(
    stage,
    workload,
    zombies.map(({ key, k, isStopped, answer }, index) => {
      const { rows = new Map(), answers = [] } = recovered[index] ?? {}
      const given = answer === undefined ? [] : [answer.answer]
      return {
        key,
        rows,
        fault: isStopped ? `SIGSTOP at await ${k}` : 'none',
        answersBefore: isStopped ? [] : given,
        answers: isStopped ? [...answers, ...given.map((one) => ({ ...one, tookMs: 0 }))] : answers,
      }
    }),
  )
  return {
    workload,
    points,
    stops: zombies.filter(({ isStopped }) => isStopped).length,
    ...countsOf(histories),
    lateOutcomes: histories.flatMap(({ events }) => events).filter(({ type }) => type === 'late_outcome')
      .length,
    ...checkInvariants(histories, { recoveryMs }),
    durationMs: Math.round(performance.now() - beganAtMs),
  }
}

async function startZombies(
  { stage, workload, every = 1, offset = 1, parallel = 2 }: CrashOptions,
  points: number,
): Promise<readonly Zombie[]> {
  const at: number[] = []
  for (let k = offset; k <= points; k += every) at.push(k)
  return inParallel(at, parallel, async (k): Promise<Zombie> => {
    const key = `${workload}-stop-${k}`
    const worker = startWorker(stage, { name: key, workload, keys: [key], fault: { k, signal: 'SIGSTOP' } })
    // The number of awaits varies a little, so that one may answer before it comes to its k-th.
    const first = await worker.take((message): message is Message => isStopping(message) || isAnswer(message))
    const isStopped = isStopping(first)
    return { key, k, worker, isStopped, answer: isAnswer(first) ? first : undefined }
  })
}

/** Lets a stopped worker go on, and waits for how its call ends. */
async function wake(zombie: Zombie, withinMs: number): Promise<void> {
  if (!zombie.isStopped) return
  zombie.worker.signal('SIGCONT')
  const late = setTimeout(() => zombie.worker.signal('SIGKILL'), withinMs)
  zombie.answer = await zombie.worker.take(isAnswer)
  clearTimeout(late)
  // Its caller may have its answer (the lease is lost) before its effect is over: let that come to its end too.
  await new Promise((resolve) => void setTimeout(resolve, afterwardsMs))
}
