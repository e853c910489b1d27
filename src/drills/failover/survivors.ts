import type { Residual } from '../checks.ts'
import type { DrillContext } from '../drill.ts'
import { eventsIn } from '../collect.ts'
import type { KeyHistory } from '../history.ts'
import { type Load, startLoad } from '../load/load.ts'
import { Recovery } from '../recovery.ts'
import type { Stage } from '../stage.ts'
import type { FailingAddress } from './address.ts'
import { killPrimary, leadTo } from './failover.ts'
import { finish } from './finish.ts'
import { acknowledgedWorks } from './look.ts'
import { lotsOf } from './lots.ts'
import { exposedOn, measureResidual, residualFolder, type ResidualRun } from './residual.ts'
import { loadSettings } from './settings.ts'
import { type Waits, waitsSince } from './times.ts'
import { acknowledgedBefore, lossOn, vanishedOf, withoutVanished } from './vanished.ts'

/** One failover of workers that outlive it, and of one that does not. */
export interface Survivors {
  readonly histories: readonly KeyHistory[]
  /** Acknowledged outcomes that the new primary did not have before anybody asserted them. */
  readonly acknowledgedLost: number
  readonly recalled: number
  readonly waits: Waits
  /** The worker that died together with the primary. */
  readonly dead?: ResidualRun
  /** Rows of the user's own in the same database: they and their entries live and die together. */
  readonly transactional: Residual
}

export interface SurvivorsOptions {
  readonly address: FailingAddress
  readonly stage: Stage
  readonly index: number
  readonly moment: { readonly stallAtShare: number; readonly killAtShare: number }
}

/** How long one of them stands still behind the failover, while others ask for what only it knows. */
const stoppedMs = 2_000

export async function failOverWithSurvivors(
  context: DrillContext,
  options: SurvivorsOptions,
): Promise<Survivors> {
  const { address, stage, index, moment } = options
  const { pair } = address
  const say = (text: string): void => context.say(`failover ${index + 1}: ${text}`)
  const loads = await startLoads(context, stage, index)
  const doomed = context.size === 'small' ? undefined : await startDoomed(context, address, index)
  for (const load of [...loads, ...(doomed === undefined ? [] : [doomed.load])]) load.go()
  const [first, second] = loads as [Load, Load]
  const total = first.lots.reduce((sum, { count }) => sum + count, 0)
  await first.reached(Math.floor(total * moment.stallAtShare))
  say('replication stalls')
  pair.stallReplication()
  await first.reached(Math.floor(total * moment.killAtShare))
  second.child.signal('SIGSTOP')
  const [killedAtMs] = await Promise.all([killPrimary(stage, address), doomed?.load.child.kill()])
  say('the primary is dead')
  const promoted = await pair.promote()
  const loss = await lossOn(promoted.url, stage.settings.scope, loads)
  const exposed =
    doomed === undefined ? undefined : await exposedOn(promoted.url, doomed.stage, [doomed.load])
  leadTo(address, promoted)
  const [dead] = await Promise.all([
    exposed === undefined || doomed === undefined
      ? undefined
      : measureResidual(doomed.stage, [doomed.load], { fault: 'died with the primary', ...exposed }),
    askForWhatOneKnows(stage, second),
    ...loads.map((load) => load.over()),
  ])
  await Promise.all(loads.map((load) => load.child.kill()))
  const waits = waitsSince(stage.folder, killedAtMs)
  say('clients call again')
  const found = await finish(stage, loads, { fault: 'asynchronous failover', mayDoubt: 'where-open' })
  const before = acknowledgedBefore(loads, loss)
  return {
    histories: found.map((history) => withoutVanished(history, loss)),
    acknowledgedLost: before.lost.length,
    recalled: recalledSince(stage.folder, killedAtMs),
    waits,
    ...(dead === undefined ? {} : { dead }),
    transactional: vanishedOf(before),
  }
}

function startLoads(context: DrillContext, stage: Stage, index: number): Promise<readonly Load[]> {
  return Promise.all(
    [0, 1].map((worker) =>
      startLoad(stage, {
        name: `load-${index}-${worker}`,
        lots: lotsOf(context.size, `f${index}w${worker}`),
      }),
    ),
  )
}

interface Doomed {
  readonly stage: Stage
  readonly load: Load
}

async function startDoomed(context: DrillContext, { url }: FailingAddress, index: number): Promise<Doomed> {
  const name = 'worker-lost-with-the-primary'
  const stage = await context.stage({
    ...loadSettings(context.size),
    storeUrl: url,
    folder: residualFolder(context.folder, name, index + 1),
    scope: `doomed-${index}`,
    rowsTable: `drill_effects_doomed_${index}`,
  })
  const load = await startLoad(stage, { name, lots: lotsOf(context.size, `doomed${index}`), insists: false })
  return { stage, load }
}

/** Blind work of a worker that still stands still: nobody may begin it before that one has spoken. */
async function askForWhatOneKnows(stage: Stage, stopped: Load): Promise<void> {
  const known = acknowledgedWorks(stopped.answers()).filter(({ workload }) => workload === 'blind')
  const recovery = await Recovery.open(
    stage,
    'blind',
    known.map(({ key }) => key),
  )
  try {
    const called = recovery.call()
    await new Promise((resolve) => void setTimeout(resolve, stoppedMs))
    stopped.child.signal('SIGCONT')
    await called
  } finally {
    await recovery.close()
  }
}

function recalledSince(folder: string, sinceMs: number): number {
  return eventsIn(folder).reduce(
    (sum, event) => (event.type === 'recalled' && event.atUs / 1000 > sinceMs ? sum + event.recalled : sum),
    0,
  )
}
