import { refOf } from '../kernel/ids.ts'
import type { Entry } from '../ledger/entry.ts'
import { encodeKey } from '../ledger/key.ts'
import { openStoreFromUrl } from '../stores/open.ts'
import type { Child } from './children.ts'
import type { Stage } from './stage.ts'
import { aftermath } from './aftermath.ts'
import type { KeyHistory } from './history.ts'
import { isEvent } from './worker-protocol.ts'
import type { WorkloadId } from './workloads.ts'
import { answersOf, go, readyWorker } from './workers.ts'

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
    const { results } = await store.read([refOf(stage.settings.scope, workload, encodeKey(key))])
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
  readonly history: KeyHistory
  readonly broken: readonly Violation[]
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
  worker.goOn()
  await worker.take(
    (message): message is { kind: 'event' } =>
      isEvent('late_outcome')(message) || isEvent('succeeded')(message),
  )
  const after = await rowOf(stage, workload, key)
  await client.ask<'release'>({ op: 'release', key })
  const [answer] = await answersOf(successor, 1)
  const atEnd = await rowOf(stage, workload, key)
  await Promise.all([worker.kill(), successor.kill()])
  const [history] = await aftermath(stage, {
    workload,
    keys: [key],
    fault: 'overtaken while it stood still',
    mayDoubt: 'never',
    answers: answer === undefined ? [] : [answer],
  })
  if (history === undefined) throw new Error('one key has one history')
  return {
    before,
    after,
    atEnd,
    successorState: answer?.receipt?.error?.code ?? answer?.receipt?.state,
    history,
    broken:
      after?.state === 'started' && after.owner === before?.owner
        ? []
        : [{ check: 'I4', key, what: `it wrote ${after?.state} over the work of its successor` }],
  }
}

interface Violation {
  readonly check: 'I4' | 'L1'
  readonly key: string
  readonly what: string
}

/** A blind worker stands still past its lease and comes back before anybody has called: its late outcome settles the entry. */
export async function sleepUndisturbed(
  stage: Stage,
  name: string,
): Promise<{ readonly history: KeyHistory; readonly broken: readonly Violation[] }> {
  const workload = 'blind'
  const { key, worker } = await stopInEffect(stage, workload, name)
  await new Promise((resolve) => void setTimeout(resolve, stage.settings.leaseMs * 2))
  await stage.peer.client.ask<'release'>({ op: 'release', key })
  worker.goOn()
  // Its caller may have been told that the lease was lost; the outcome is written all the same.
  await worker.take(isEvent('succeeded'))
  const row = await rowOf(stage, workload, key)
  await worker.kill()
  const affair = { workload, keys: [key], fault: 'stood still, undisturbed', answers: [] } as const
  const [history] = await aftermath(stage, { ...affair, mayDoubt: 'never' })
  if (history === undefined) throw new Error('one key has one history')
  const isSettled = row?.state === 'succeeded' && row.attempt === 1
  const what = `its late outcome left the entry ${row?.state}, attempt ${row?.attempt}`
  return { history, broken: isSettled ? [] : [{ check: 'L1', key, what }] }
}
