import type { Child } from './children.ts'
import { effectsOf } from './collect.ts'
import { type Stage, startWorker, type WorkerSpec } from './stage.ts'
import { type Answer, isAnswer, isReady } from './worker-protocol.ts'

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
