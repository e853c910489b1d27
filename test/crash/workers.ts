import type { Child } from '../../src/drills/children.ts'
import { collectHistories, effectsOf } from '../../src/drills/collect.ts'
import { checkInvariants, type Violation } from '../../src/drills/invariants.ts'
import { Recovery } from '../../src/drills/recovery.ts'
import { type Stage, startWorker, type WorkerSpec } from '../../src/drills/stage.ts'
import { type Answer, isAnswer, isReady } from '../../src/drills/worker-protocol.ts'
import type { WorkloadId } from '../../src/drills/workloads.ts'

/** A worker that is open and waits for `go`. */
export async function readyWorker(stage: Stage, spec: WorkerSpec): Promise<Child> {
  const worker = startWorker(stage, { ...spec, waitsForGo: true })
  await worker.take(isReady)
  return worker
}

export function go(worker: Child): void {
  worker.send({ kind: 'go' })
}

/** The next `count` answers of a worker. */
export async function answersOf(worker: Child, count: number): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  while (answers.length < count) answers.push((await worker.take(isAnswer)).answer)
  return answers
}

/** How many effects the targets have for each name. */
export async function effectCounts(stage: Stage): Promise<Map<string, number>> {
  const effects = Map.groupBy(await effectsOf(stage), ({ name }) => name)
  return new Map([...effects].map(([name, found]) => [name, found.length]))
}

/** The clients call again and again where nothing is wrong any more; gives what is broken then. */
export async function violationsAfter(
  stage: Stage,
  workload: WorkloadId,
  answers: readonly Answer[],
): Promise<readonly Violation[]> {
  const byKey = Map.groupBy(answers, ({ key }) => key)
  const keys = [...byKey.keys()]
  const recovery = await Recovery.open(stage, workload, keys)
  try {
    await recovery.look('after-fault')
    await recovery.callAndSweep()
    await recovery.look('after-recovery')
    await recovery.call()
    await recovery.look('after-replay')
    await recovery.callWithOtherInput()
  } finally {
    await recovery.close()
  }
  const recovered = recovery.results()
  const histories = await collectHistories(
    stage,
    workload,
    keys.map((key, index) => ({
      key,
      rows: new Map(),
      answers: [],
      ...recovered[index],
      fault: 'none',
      answersBefore: byKey.get(key) ?? [],
    })),
  )
  return checkInvariants(histories, { recoveryMs: 15_000 }).violations
}
