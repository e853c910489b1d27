import type { DrillContext, Findings } from '../drill.ts'
import type { KeyHistory } from '../history.ts'
import { type Load, startLoad } from '../load/load.ts'
import { keysOfLot, type Lot } from '../load/protocol.ts'
import { type FaultProxy, faultProxy } from '../proxy/index.ts'
import type { Stage } from '../stage.ts'
import type { WorkloadId } from '../workloads.ts'
import { type FailingAddress, openFailingAddress } from './address.ts'
import { leadTo } from './failover.ts'
import { finish } from './finish.ts'
import { entriesOn, type Work } from './look.ts'
import { lotsOf } from './lots.ts'
import { countResidual, exposedOn, residualFolder, type ResidualRun } from './residual.ts'
import { loadSettings } from './settings.ts'
import { lossOn, withoutVanished } from './vanished.ts'

export interface Conflicting {
  readonly stage: Stage
  readonly histories: readonly KeyHistory[]
  readonly broken: NonNullable<Findings['broken']>
  readonly recalled: number
  readonly conflicts: number
  readonly residual: ResidualRun
}

/** A stage whose workers are on both sides: what the first does there is unknown to the second. */
interface Sides {
  readonly stage: Stage
  readonly old: Load
  readonly new: Load
}

const name = 'partition-longer-than-the-wait'
const countBySize = { small: 20, whole: 40, full: 100 } as const
const recallPatienceMs = 20_000

/**
 * Asynchronous replication. Workers go on at the old primary, others work at the new one, partly on the same keys. Then
 * the first reach the new one too, and recall what they were acknowledged. Blind work waits at the new one for that; where
 * it waits in vain, because the partition lasts longer, it is repeated: counted apart, and the keys must end in doubt.
 */
export async function conflictingHistories(
  context: DrillContext,
  promoteAtShare: number,
): Promise<Conflicting> {
  const address = await openFailingAddress(context, { replication: 'asynchronous' })
  const { pair } = address
  const stage = await context.stage({ ...loadSettings(context.size), storeUrl: address.url })
  const toOld = await faultProxy({ target: pair.primary.url })
  context.onEnd(() => toOld.close())
  const alone = await startLoad(stage, {
    name: 'alone',
    lots: lotsOf(context.size, 'alone'),
    storeUrl: toOld.through(stage.workerUrl),
  })
  const keyed = await bothSides(context, { stage, toOld, workloads: ['keyed'] })
  const others = await bothSides(context, {
    stage: await residualStage(context, address),
    toOld,
    workloads: context.size === 'small' ? ['verifiable'] : ['verifiable', 'blind'],
  })
  const oldLoads = [alone, keyed.old, others.old]
  alone.go()
  const total = alone.lots.reduce((sum, { count }) => sum + count, 0)
  await alone.reached(Math.floor(total * promoteAtShare))
  const old = pair.primary
  const promoted = await pair.promote()
  context.say('asynchronous: both primaries take work')
  for (const { old: load } of [keyed, others]) load.go()
  await Promise.all(oldLoads.map((load) => load.over()))
  const loss = await lossOn(promoted.url, stage.settings.scope, [alone])
  const exposed = await exposedOn(promoted.url, others.stage, [others.old])
  leadTo(address, promoted)
  for (const { new: load } of [keyed, others]) load.go()
  await Promise.all([keyed.new.over(), others.new.over()])
  context.say('asynchronous: the workers of the old primary reach the new one')
  toOld.retarget(promoted.url)
  stage.children.note({ pid: old.pid, name: 'old primary', signal: 'SIGKILL' })
  await old.kill()
  await Promise.all(oldLoads.map(untilRecalled))
  const believed = await undoubted(promoted.url, others)
  const events = oldLoads.flatMap((load) => load.events())
  await Promise.all([...oldLoads, keyed.new, others.new].map((load) => load.child.kill()))
  const about = { fault: 'split brain, asynchronous', mayDoubt: 'anywhere' } as const
  const [found, residual] = await Promise.all([
    finish(stage, [alone, keyed.old, keyed.new], about),
    countResidual(others.stage, [others.old, others.new], { fault: about.fault, ...exposed }),
  ])
  return {
    stage,
    histories: found
      .map((history) => withoutVanished(history, loss))
      .map((history) => ({ ...history, isForked: history.key.startsWith('both-') })),
    broken: [...believed, ...residual.broken],
    recalled: events.reduce((sum, event) => (event.type === 'recalled' ? sum + event.recalled : sum), 0),
    conflicts: events.filter((event) => event.type === 'recall_conflict').length,
    residual,
  }
}

function residualStage(context: DrillContext, { url }: FailingAddress): Promise<Stage> {
  return context.stage({
    ...loadSettings(context.size),
    storeUrl: url,
    folder: residualFolder(context.folder, name, 1),
    scope: 'both',
    rowsTable: 'drill_effects_both',
  })
}

interface BothSides {
  readonly stage: Stage
  readonly toOld: FaultProxy
  readonly workloads: readonly WorkloadId[]
}

async function bothSides(context: DrillContext, { stage, toOld, workloads }: BothSides): Promise<Sides> {
  const lots = workloads.map(
    (workload): Lot => ({ workload, prefix: `both-${workload}`, count: countBySize[context.size], width: 5 }),
  )
  const storeUrl = toOld.through(stage.workerUrl)
  return {
    stage,
    old: await startLoad(stage, { name: 'old', lots, storeUrl }),
    new: await startLoad(stage, { name: 'new', lots }),
  }
}

/** It has nothing to do: its next sign of life shows it that the store is another one. */
async function untilRecalled(load: Load): Promise<void> {
  const giveUpAtMs = performance.now() + recallPatienceMs
  while (!load.events().some(({ type }) => type === 'recalled')) {
    if (performance.now() > giveUpAtMs) throw new Error(`${load.child.name} has not recalled anything.`)
    await new Promise((resolve) => void setTimeout(resolve, 50))
  }
}

/** Two histories have acted on these keys: neither may be believed. */
async function undoubted(serverUrl: string, { stage, old }: Sides): Promise<Conflicting['broken']> {
  const works = old.lots.flatMap((lot) =>
    keysOfLot(lot).map((key): Work => ({ workload: lot.workload, key })),
  )
  const entries = await entriesOn(serverUrl, stage.settings.scope, works)
  return works.flatMap(({ workload, key }, index) => {
    const state = entries[index]?.state
    if (state === 'in_doubt') return []
    return [{ check: 'I5', key, what: `${workload}: both sides acted, and the entry is ${state}` } as const]
  })
}
