import { askPostgres } from '../../testing/postgres-query.ts'
import { aftermath } from '../aftermath.ts'
import type { CheckId } from '../checks.ts'
import type { Drill, DrillContext, Findings } from '../drill.ts'
import { type FailingAddress, openFailingAddress } from '../failover/address.ts'
import { killPrimary, leadTo } from '../failover/failover.ts'
import { loadSettings } from '../failover/settings.ts'
import { pairSkips } from '../failover/skips.ts'
import type { Child } from '../children.ts'
import type { Stage } from '../stage.ts'
import { type Answer, isEvent } from '../worker-protocol.ts'
import { answersOf, effectCounts, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

type Broken = { readonly check: CheckId; readonly key: string; readonly what: string }

/** One call, and what was wrong with it while its commit was visible and not durable. */
interface Case {
  readonly workload: WorkloadId
  readonly key: string
  readonly answers: readonly Answer[]
  readonly broken: readonly Broken[]
}

interface Scene {
  readonly stage: Stage
  readonly address: FailingAddress
}

/** How long a worker that takes what it sees for durable has to show it. */
const temptationMs = 300

export const cancelledCommit: Drill = {
  id: 'cancelled-commit',
  fault: 'the wait for the synchronous standby is cancelled: the row can be seen, and may not last',
  stores: ['postgres'],
  mustReach: ['I1', 'I2', 'L1', 'S2'],
  skips: pairSkips,
  run,
}

async function run(context: DrillContext): Promise<Findings> {
  const rounds = { small: 1, whole: 2, full: 5 }[context.size]
  context.plan({ rounds, cases: ['claim', 'outcome', 'claim, and then a failover'] })
  const address = await openFailingAddress(context, { replication: 'synchronous' })
  const stage = await context.stage({ ...loadSettings(context.size), peer: {}, storeUrl: address.url })
  const scene = { stage, address }
  const cases: Case[] = []
  for (let round = 0; round < rounds; round += 1) {
    context.say('the commit of a claim is cancelled')
    cases.push(await cancelClaim(scene, `claim-${round}`))
    context.say('the commit of an outcome is cancelled')
    cases.push(await cancelOutcome(scene, `outcome-${round}`))
  }
  context.say('the commit of a claim is cancelled, and then lost with the primary')
  cases.push(await cancelAndLose(scene))
  const histories = []
  for (const { workload, key, answers } of cases) {
    const affair = { workload, keys: [key], answers, fault: 'cancelled commit', mayDoubt: 'never' } as const
    histories.push(...(await aftermath(stage, affair)))
  }
  return { stage, histories, faults: cases.length, broken: cases.flatMap((one) => one.broken) }
}

/** Cancels the one commit that waits for the standby, and sees to it that its owner has heard of that. */
async function cancel({ address }: Scene, worker: Child): Promise<void> {
  await untilWaiting(address)
  await askPostgres(
    address.pair.primary.url,
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%onceward_entries%'",
  )
  await worker.take(isEvent('store_fault', 'effect_started', 'succeeded'))
}

async function untilWaiting({ pair }: FailingAddress): Promise<void> {
  for (;;) {
    const [row] = await askPostgres(
      pair.primary.url,
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%onceward_entries%'",
    )
    if (row?.['n'] !== 0) return
  }
}

function temptation(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, temptationMs))
}

/** While its claim can be seen and may be lost, nothing has begun. */
async function mustNotHaveBegun({ stage }: Scene, key: string): Promise<readonly Broken[]> {
  await temptation()
  const has = (await effectCounts(stage)).has(key)
  return has ? [{ check: 'I5', key, what: 'it began on a claim that might be lost' }] : []
}

async function cancelClaim(scene: Scene, key: string): Promise<Case> {
  const { stage, address } = scene
  const workload = 'blind'
  const worker = await readyWorker(stage, { name: key, workload, keys: [key] })
  address.pair.stallReplication()
  go(worker)
  await cancel(scene, worker)
  // Its next try waits for the standby again.
  const broken = await mustNotHaveBegun(scene, key)
  address.pair.resumeReplication()
  const answers = await answersOf(worker, 1)
  await worker.kill()
  return { workload, key, answers, broken }
}

/** The effect has happened; its caller is told of it only when the outcome lasts. */
async function cancelOutcome(scene: Scene, key: string): Promise<Case> {
  const { stage, address } = scene
  const { client } = stage.peer
  const workload = 'blind'
  const worker = await readyWorker(stage, { name: key, workload, keys: [key] })
  await client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
  go(worker)
  await client.ask<'arrived'>({ op: 'arrived', key })
  await worker.take(isEvent('effect_started'))
  address.pair.stallReplication()
  await client.ask<'release'>({ op: 'release', key })
  await cancel(scene, worker)
  await temptation()
  const isTold = worker.rest().some(({ kind }) => kind === 'answer')
  address.pair.resumeReplication()
  const answers = isTold ? [] : await answersOf(worker, 1)
  await worker.kill()
  const what = 'its caller was told of an outcome that might be lost'
  return { workload, key, answers, broken: isTold ? [{ check: 'I7', key, what }] : [] }
}

async function cancelAndLose(scene: Scene): Promise<Case> {
  const { stage, address } = scene
  const workload = 'keyed'
  const key = 'claim-and-failover'
  const worker = await readyWorker(stage, { name: key, workload, keys: [key] })
  address.pair.stallReplication()
  go(worker)
  await cancel(scene, worker)
  const broken = await mustNotHaveBegun(scene, key)
  await killPrimary(stage, address)
  leadTo(address, await address.pair.promote())
  const answers = await answersOf(worker, 1)
  await worker.kill()
  return { workload, key, answers, broken }
}
