import { join } from 'node:path'
import { collectHistories } from '../collect.ts'
import type { DrillContext } from '../drill.ts'
import type { KeyHistory } from '../history.ts'
import { type Load, startLoad } from '../load/load.ts'
import { keysOfLot, type Lot } from '../load/protocol.ts'
import type { Stage } from '../stage.ts'
import { openFailingAddress } from './address.ts'
import { killPrimary, leadTo } from './failover.ts'
import { entriesOn, type Work } from './look.ts'
import { loadSettings } from './settings.ts'
import { acknowledgedBefore, lossOn, withoutVanished } from './vanished.ts'

/*
 * The overnight run of the report about duplicate invoices: 46,217 rows in 12 segments, a failover while segment 7 is
 * being written, and a wrapper that then runs segments 7 to 12 again, as a whole.
 */
const rowsOfTheReport = 46_217
const segments = 12
const failingSegment = 7
const workload = 'transactional'
/** Connections of the worker's pool are ten; more calls than that wait for one. */
const width = 32
/** How long replication has stalled when the primary dies: so much is acknowledged and lost. */
const lagMs = 150

export interface BatchRun {
  readonly histories: readonly KeyHistory[]
  readonly stage: Stage
  /** Acknowledged rows that the new primary did not have: the second run wrote them again. */
  readonly lost: number
}

/** Rows of the user's own in the database that fails over: one transaction each, together with its entry. */
export async function failOverBatch(context: DrillContext): Promise<BatchRun> {
  const address = await openFailingAddress(context, { replication: 'asynchronous' })
  const folder = join(context.folder, 'batch')
  const stage = await context.stage({
    ...loadSettings(context.size),
    storeUrl: address.url,
    folder,
    scope: 'batch',
  })
  const whole: Lot = { workload, prefix: 'invoice', count: rowsOfTheReport, width }
  const size = Math.ceil(whole.count / segments)
  const first = await startLoad(stage, { name: 'batch', lots: [whole], isQuiet: true })
  context.say(`a batch of ${whole.count} rows in ${segments} segments`)
  first.go()
  await first.reached(Math.floor(size * (failingSegment - 0.5)))
  address.pair.stallReplication()
  await new Promise((resolve) => void setTimeout(resolve, lagMs))
  await killPrimary(stage, address)
  context.say(`the primary dies in segment ${failingSegment} of the batch`)
  const promoted = await address.pair.promote()
  const loss = await lossOn(promoted.url, stage.settings.scope, [first])
  leadTo(address, promoted)
  await first.over()
  await first.child.kill()
  const from = size * (failingSegment - 1)
  context.say(`segments ${failingSegment} to ${segments} of the batch are run again`)
  const again = { ...whole, from, count: whole.count - from }
  const second = await startLoad(stage, { name: 'batch-again', lots: [again], isQuiet: true })
  second.go()
  await second.over()
  await second.child.kill()
  const found = await historiesOf(stage, promoted.url, { whole, loads: [first, second] })
  const histories = found.map((history) => withoutVanished(history, loss))
  return {
    histories,
    stage,
    lost: acknowledgedBefore([first], loss).lost.length,
  }
}

/** Too many keys to be called again and again by everybody: what the batch itself was told, and what there is in the end. */
async function historiesOf(
  stage: Stage,
  serverUrl: string,
  { whole, loads }: { readonly whole: Lot; readonly loads: readonly Load[] },
): Promise<readonly KeyHistory[]> {
  const works = keysOfLot(whole).map((key): Work => ({ workload, key }))
  const answers = Map.groupBy(
    loads.flatMap((load) => load.answers()),
    ({ key }) => key,
  )
  const entries = await entriesOn(serverUrl, stage.settings.scope, works)
  const at = new Date().toISOString()
  const witnesses = works.map(({ key }, index) => ({
    key,
    fault: 'failover in the middle of a batch',
    mayDoubt: 'never' as const,
    rows: new Map([['after-recovery' as const, { at, entry: entries[index] }]]),
    answersBefore: [],
    // What it was told on the way is an outage, not an answer.
    answers: (answers.get(key) ?? []).filter(({ receipt }) => receipt?.state === 'succeeded'),
  }))
  return collectHistories(stage, workload, witnesses)
}
