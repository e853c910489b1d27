import { join } from 'node:path'
import type { DrillContext, Findings } from '../drill.ts'
import type { KeyHistory } from '../history.ts'
import { startLoad } from '../load/load.ts'
import type { Stage } from '../stage.ts'
import { openFailingAddress } from './address.ts'
import { leadTo } from './failover.ts'
import { finish } from './finish.ts'
import { lotsOf } from './lots.ts'
import { loadSettings } from './settings.ts'

export interface SilentPrimary {
  readonly stage: Stage
  readonly histories: readonly KeyHistory[]
  readonly broken: NonNullable<Findings['broken']>
  /** Calls that the old primary has left without an acknowledgement. */
  readonly refused: number
}

/** What was acknowledged in the last moments before the promotion may be written down a little later. */
const graceMs = 200
const silenceMs = 1_500

/** Synchronous replication: the old primary waits for a standby that follows it no longer, and so does who writes there. */
export async function silentPrimary(context: DrillContext, promoteAtShare: number): Promise<SilentPrimary> {
  const address = await openFailingAddress(context, { replication: 'synchronous' })
  const stage = await context.stage({
    ...loadSettings(context.size),
    // Calls end soon without an acknowledgement, and are made again: each is a try of the old primary to say something.
    storeTimeoutMs: 700,
    storeUrl: address.url,
    folder: join(context.folder, 'synchronous'),
    rowsTable: 'drill_effects_synchronous',
  })
  const old = address.pair.primary
  const load = await startLoad(stage, { name: 'synchronous', lots: lotsOf(context.size, 'synchronous') })
  load.go()
  const total = load.lots.reduce((sum, { count }) => sum + count, 0)
  await load.reached(Math.floor(total * promoteAtShare))
  const promoted = await address.pair.promote()
  context.say('synchronous: the old primary lives, and must not acknowledge anything')
  await pause(graceMs)
  const sinceMs = Date.now()
  await pause(silenceMs)
  const untilMs = Date.now()
  const within = ({ at }: { readonly at: string }): boolean =>
    Date.parse(at) > sinceMs && Date.parse(at) < untilMs
  const told = load.answers().filter(within)
  const effects = [...stage.peer.effects(), ...(await stage.rows.read())].filter(within)
  stage.children.note({ pid: old.pid, name: 'old primary', signal: 'SIGKILL' })
  await old.kill()
  leadTo(address, promoted)
  await load.over()
  await load.child.kill()
  const about = { fault: 'split brain, synchronous', mayDoubt: 'where-open' } as const
  return {
    stage,
    histories: await finish(stage, [load], about),
    refused: told.length,
    broken: [
      ...told
        .filter(({ receipt }) => receipt?.state === 'succeeded' && !receipt.replayed)
        .map(({ key }) => ({ check: 'I7', key, what: 'the old primary has acknowledged it' }) as const),
      ...effects.map(({ key }) => ({ check: 'I5', key, what: 'it began under the old primary' }) as const),
    ],
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
