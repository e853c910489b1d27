import { failOverBatch } from '../failover/batch.ts'
import type { Drill, DrillContext, Findings } from '../drill.ts'
import { openFailingAddress } from '../failover/address.ts'
import { pairSkips } from '../failover/skips.ts'
import { residualsOf, type ResidualRun, sumOf } from '../failover/residual.ts'
import { failOverWithSurvivors, type Survivors } from '../failover/survivors.ts'
import { staleWorker } from '../failover/stale-worker.ts'
import { loadSettings } from '../failover/settings.ts'

export const asyncFailover: Drill = {
  id: 'async-failover',
  fault:
    'replication lags, SIGKILL to the primary, its asynchronous standby takes over without the last rows',
  stores: ['postgres'],
  mustReach: ['I1', 'I2', 'I3', 'I7', 'L1', 'S2', 'S4'],
  skips: pairSkips,
  run,
}

/** Where in their load the workers are when replication stops, and when the primary dies. */
export interface Moments {
  readonly stallAtShare: number
  readonly killAtShare: number
}

async function run(context: DrillContext): Promise<Findings> {
  const isSmall = context.size === 'small'
  const failovers = isSmall ? 1 : context.failovers
  const moments = Array.from({ length: failovers }, (): Moments => {
    const stallAtShare = 0.15 + context.random() * 0.2
    return { stallAtShare, killAtShare: stallAtShare + 0.2 + context.random() * 0.2 }
  })
  context.plan({ failovers, moments })
  const [survivors, stale, batch] = await Promise.all([
    withSurvivors(context, moments),
    isSmall ? [] : withStaleWorkers(context, failovers),
    isSmall ? undefined : failOverBatch(context),
  ])
  const { runs } = survivors
  const sum = (pick: (run: Survivors) => number): number => runs.reduce((total, one) => total + pick(one), 0)
  const lostRows = sum((one) => one.acknowledgedLost)
  const dead = runs.flatMap((one) => one.dead ?? [])
  return {
    stage: survivors.stage,
    histories: [...runs.flatMap((one) => one.histories), ...(batch?.histories ?? [])],
    alongside: batch === undefined ? [] : [batch.stage],
    faults: lostRows > 0 ? failovers : 0,
    occurred: { S4: lostRows },
    broken: [...dead, ...stale].flatMap((one) => one.broken),
    residuals: {
      ...residualsOf('worker-lost-with-the-primary', dead),
      ...residualsOf('worker-on-the-stale-primary', stale),
      'rows-in-the-same-database': sumOf(runs.map((one) => one.transactional)),
    },
    measured: {
      acknowledgedRowsLost: lostRows,
      recalled: sum((one) => one.recalled),
      ...greatest(
        'keyedPauseMs',
        runs.flatMap(({ waits }) => waits.keyedMs ?? []),
      ),
      ...greatest(
        'blindPauseMs',
        runs.flatMap(({ waits }) => waits.blindMs ?? []),
      ),
      ...(batch === undefined
        ? {}
        : { batchRows: batch.histories.length, batchRowsLostAndWrittenAgain: batch.lost }),
    },
  }
}

function greatest(name: string, values: readonly number[]): Record<string, number> {
  return values.length === 0 ? {} : { [name]: Math.max(...values) }
}

async function withSurvivors(
  context: DrillContext,
  moments: readonly Moments[],
): Promise<{ readonly stage: Findings['stage']; readonly runs: readonly Survivors[] }> {
  const address = await openFailingAddress(context, { replication: 'asynchronous' })
  const stage = await context.stage({ ...loadSettings(context.size), storeUrl: address.url })
  const runs: Survivors[] = []
  for (const [index, moment] of moments.entries()) {
    runs.push(await failOverWithSurvivors(context, { address, stage, index, moment }))
    if (index + 1 < moments.length) await address.pair.addStandby()
  }
  return { stage, runs }
}

async function withStaleWorkers(context: DrillContext, failovers: number): Promise<readonly ResidualRun[]> {
  const address = await openFailingAddress(context, { replication: 'asynchronous' })
  const runs: ResidualRun[] = []
  for (let index = 0; index < failovers; index += 1) {
    runs.push(await staleWorker(context, address, index))
    if (index + 1 < failovers) await address.pair.addStandby()
  }
  return runs
}
