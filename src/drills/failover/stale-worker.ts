import type { DrillContext } from '../drill.ts'
import { startLoad } from '../load/load.ts'
import type { FailingAddress } from './address.ts'
import { leadTo } from './failover.ts'
import { lotsOf } from './lots.ts'
import { exposedOn, measureResidual, residualFolder, type ResidualRun } from './residual.ts'
import { loadSettings } from './settings.ts'

const name = 'worker-on-the-stale-primary'

/**
 * The standby is promoted while the primary lives; one worker goes on there, is acknowledged everything, and never reaches
 * the new one: nobody tells that what it knows.
 */
export async function staleWorker(
  context: DrillContext,
  address: FailingAddress,
  index: number,
): Promise<ResidualRun> {
  const { pair, url } = address
  const stage = await context.stage({
    ...loadSettings(context.size),
    storeUrl: url,
    folder: residualFolder(context.folder, name, index + 1),
    scope: `stale-${index}`,
    rowsTable: `drill_effects_stale_${index}`,
  })
  const lots = lotsOf(context.size, `stale${index}`)
  const load = await startLoad(stage, { name, lots, insists: false, storeUrl: pair.primary.url })
  load.go()
  await load.reached(Math.floor(lots.reduce((sum, { count }) => sum + count, 0) / 4))
  const old = pair.primary
  const promoted = await pair.promote()
  await load.over()
  await load.child.kill()
  stage.children.note({ pid: old.pid, name: 'stale primary', signal: 'SIGKILL' })
  await old.kill()
  const exposed = await exposedOn(promoted.url, stage, [load])
  leadTo(address, promoted)
  return measureResidual(stage, [load], { fault: 'only the stale primary in reach', ...exposed })
}
