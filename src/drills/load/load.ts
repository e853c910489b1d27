import { join } from 'node:path'
import { readJournal } from '../../testing/journal.ts'
import type { OncewardEvent } from '../../ledger/events.ts'
import type { Child } from '../children.ts'
import type { Stage } from '../stage.ts'
import { type Answer, isReady } from '../worker-protocol.ts'
import type { WorkloadId } from '../workloads.ts'
import { isProgress, type LoadConfig, type Lot } from './protocol.ts'

export interface LoadSpec extends Pick<LoadConfig, 'lots' | 'insists' | 'isQuiet'> {
  readonly name: string
  /** Default: the stage's. */
  readonly storeUrl?: string
}

export type LoadAnswer = Answer & { readonly workload: WorkloadId }

/** A worker under load, as its drill sees it. */
export interface Load {
  readonly child: Child
  readonly lots: readonly Lot[]
  go(): void
  /** Resolves when so many keys have come to an end for their callers. */
  reached(done: number): Promise<void>
  over(): Promise<void>
  /** All that its callers were told so far, also when it is gone. */
  answers(): readonly LoadAnswer[]
  events(): readonly OncewardEvent[]
}

/** Starts a worker that is open and waits for `go`. */
export async function startLoad(stage: Stage, { name, lots, ...spec }: LoadSpec): Promise<Load> {
  const { folder, settings, peer, workerUrl } = stage
  const answersPath = join(folder, `answers-${name}.jsonl`)
  const eventsPath = join(folder, `events-${name}.jsonl`)
  const config: LoadConfig = {
    storeUrl: workerUrl,
    peer: peer.address,
    settings,
    eventsPath,
    answersPath,
    lots,
    ...spec,
  }
  const child = stage.children.start({ role: 'load', name, config })
  await child.take(isReady)
  let last = 0
  const reached = async (done: number): Promise<void> => {
    while (last < done) last = (await child.take(isProgress)).done
  }
  return {
    child,
    lots,
    go: () => child.send({ kind: 'go' }),
    reached,
    over: () => reached(lots.reduce((sum, { count }) => sum + count, 0)),
    answers: () => readJournal<LoadAnswer>(answersPath),
    events: () => readJournal<OncewardEvent>(eventsPath),
  }
}
