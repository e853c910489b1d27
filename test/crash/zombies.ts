import { refOf } from '../../src/kernel/ids.ts'
import type { Entry } from '../../src/ledger/entry.ts'
import { encodeKey } from '../../src/ledger/key.ts'
import { openStoreFromUrl } from '../../src/stores/open.ts'
import type { Child } from '../../src/drills/children.ts'
import type { Stage } from '../../src/drills/stage.ts'
import { isEvent } from '../../src/drills/worker-protocol.ts'
import type { WorkloadId } from '../../src/drills/workloads.ts'
import { answersOf, go, readyWorker } from '../../src/drills/workers.ts'

/** A worker that stands still while its target has done the effect and keeps the answer back. */
export interface Zombie {
  readonly key: string
  readonly worker: Child
}

export async function stopInEffect(stage: Stage, workload: WorkloadId, name: string): Promise<Zombie> {
  const key = `${name}-${workload}`
  const worker = await readyWorker(stage, { name: `zombie-${key}`, workload, keys: [key] })
  await stage.peer.client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
  go(worker)
  await stage.peer.client.ask<'arrived'>({ op: 'arrived', key })
  worker.signal('SIGSTOP')
  return { key, worker }
}

/** The row of a key, over a connection of its own. */
export async function rowOf(stage: Stage, workload: WorkloadId, key: string): Promise<Entry | undefined> {
  const store = await openStoreFromUrl(stage.storeUrl)
  try {
    await store.open()
    const { results } = await store.read([refOf(stage.scope, workload, encodeKey(key))])
    return results[0]
  } finally {
    await store.close()
  }
}

/** The ids of the late outcomes that the store keeps. */
export async function lateOutcomes(stage: Stage): Promise<readonly string[]> {
  const store = await openStoreFromUrl(stage.storeUrl)
  try {
    await store.open()
    const records = await store.records.read({ stream: 'late-outcomes', limit: 100 })
    return records.map(({ id }) => id)
  } finally {
    await store.close()
  }
}

export interface Overtaken {
  /** While the successor is at work: before the first owner came back, and after it had its outcome. */
  readonly before: Entry | undefined
  readonly after: Entry | undefined
  readonly atEnd: Entry | undefined
  readonly successorState: string | undefined
}

/** A keyed worker comes back, its effect done, while another has taken over and is in the middle of the same. */
export async function comeBackWhileOvertaken(stage: Stage, name: string): Promise<Overtaken> {
  const workload = 'keyed'
  const { client } = stage.peer
  const { key, worker } = await stopInEffect(stage, workload, name)
  const successor = await readyWorker(stage, { name: `successor-${key}`, workload, keys: [key] })
  await client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
  go(successor)
  await successor.take(isEvent('effect_started'))
  const before = await rowOf(stage, workload, key)
  await client.ask<'release'>({ op: 'release', key })
  worker.signal('SIGCONT')
  await worker.take(
    (message): message is { kind: 'event' } =>
      isEvent('late_outcome')(message) || isEvent('succeeded')(message),
  )
  const after = await rowOf(stage, workload, key)
  await client.ask<'release'>({ op: 'release', key })
  const [answer] = await answersOf(successor, 1)
  const atEnd = await rowOf(stage, workload, key)
  await Promise.all([worker.kill(), successor.kill()])
  return { before, after, atEnd, successorState: answer?.receipt?.error?.code ?? answer?.receipt?.state }
}
