import type { Drill, DrillContext, Findings } from '../drill.ts'
import { openFailingAddress } from '../failover/address.ts'
import { killPrimary, leadTo } from '../failover/failover.ts'
import { loadSettings } from '../failover/settings.ts'
import { finish } from '../failover/finish.ts'
import { acknowledgedWorks, lostOn } from '../failover/look.ts'
import { lotsOf } from '../failover/lots.ts'
import { pairSkips } from '../failover/skips.ts'
import { waitsSince } from '../failover/times.ts'
import type { KeyHistory } from '../history.ts'
import { startLoad } from '../load/load.ts'

const workers = 2

export const syncFailover: Drill = {
  id: 'sync-failover',
  fault: 'SIGKILL to a PostgreSQL primary under load, its synchronous standby takes over',
  stores: ['postgres'],
  mustReach: ['I1', 'I2', 'I3', 'I7', 'L1', 'S2'],
  skips: pairSkips,
  run,
}

async function run(context: DrillContext): Promise<Findings> {
  // Half of those of the asynchronous drill: each waits as long, and there is less to be seen.
  const failovers = context.size === 'small' ? 1 : Math.ceil(context.failovers / 2)
  const killAtShares = Array.from({ length: failovers }, () => 0.3 + context.random() * 0.4)
  context.plan({ failovers, killAtShares, workers })
  const address = await openFailingAddress(context, { replication: 'synchronous' })
  const { pair } = address
  const stage = await context.stage({ ...loadSettings(context.size), storeUrl: address.url })
  const histories: KeyHistory[] = []
  const broken = []
  let acknowledgedAtKill = 0
  let blindPauseMs = 0
  for (const [index, share] of killAtShares.entries()) {
    context.say(`failover ${index + 1} of ${failovers}: load`)
    const loads = await Promise.all(
      Array.from({ length: workers }, (_, worker) =>
        startLoad(stage, {
          name: `load-${index}-${worker}`,
          lots: lotsOf(context.size, `f${index}w${worker}`),
        }),
      ),
    )
    for (const load of loads) load.go()
    const total = loads[0]?.lots.reduce((sum, { count }) => sum + count, 0) ?? 0
    await loads[0]?.reached(Math.floor(total * share))
    const killedAtMs = await killPrimary(stage, address)
    context.say(`failover ${index + 1} of ${failovers}: the primary is dead`)
    const promoted = await pair.promote()
    // Nobody has been let through to it yet: this is what the standby had.
    const told = loads.flatMap((load) => load.answers())
    const works = acknowledgedWorks(told)
    acknowledgedAtKill += works.length
    for (const { workload, key } of await lostOn(promoted.url, stage.settings.scope, works))
      broken.push({
        check: 'I7',
        key,
        what: `${workload}: acknowledged, and the standby did not have it`,
      } as const)
    leadTo(address, promoted)
    await Promise.all(loads.map((load) => load.over()))
    await Promise.all(loads.map((load) => load.child.kill()))
    blindPauseMs = Math.max(blindPauseMs, waitsSince(stage.folder, killedAtMs).blindMs ?? 0)
    context.say(`failover ${index + 1} of ${failovers}: clients call again`)
    const about = { fault: 'synchronous failover', mayDoubt: 'where-open' } as const
    histories.push(...(await finish(stage, loads, about)))
    if (index + 1 < failovers) await pair.addStandby()
  }
  return {
    stage,
    histories,
    faults: acknowledgedAtKill > 0 ? failovers : 0,
    broken,
    measured: {
      acknowledgedBeforeTheKill: acknowledgedAtKill,
      ...(blindPauseMs > 0 ? { blindPauseMs } : {}),
    },
  }
}
