import { once as onceEmitted } from 'node:events'
import { openJournal } from '../../testing/journal.ts'
import { callOnce } from '../call.ts'
import { childConfig, tellDrill } from '../child-config.ts'
import { inParallel } from '../in-parallel.ts'
import { openInstance } from '../instance.ts'
import { keysOfLot, type LoadConfig, type Lot, type ProgressMessage } from '../load/protocol.ts'
import { connectPeer } from '../peer/client.ts'
import type { Answer } from '../worker-protocol.ts'

/*
 * A worker under load: works through its lots, each in its own lanes, writes down what its callers are told, and calls
 * again where they were told no end. It stays until it is ended.
 */
const config = childConfig<LoadConfig>()
const { storeUrl, settings, lots, insists = true } = config
const events = openJournal(config.eventsPath)
const answers = openJournal(config.answersPath)
const tellEvery = 20
const againMs = 50
const ordinary: readonly string[] = ['claimed', 'effect_started', 'succeeded', 'replayed', 'renewed']
const connections = Math.min(
  64,
  lots.reduce((sum, { width }) => sum + width, 0),
)
const instance = await openInstance({
  storeUrl,
  settings,
  peer: await connectPeer(config.peer, connections),
  onEvent: (event) => {
    if (config.isQuiet !== true || !ordinary.includes(event.type)) events.append(event)
  },
})
const total = lots.reduce((sum, { count }) => sum + count, 0)
let done = 0

/** What ends the work for a caller. A doubt does: a person is asked next. */
function isEnd({ receipt }: Answer): boolean {
  if (receipt?.error?.code === 'LEASE_LOST') return false
  return ['succeeded', 'failed', 'in_doubt'].includes(receipt?.state ?? '')
}

async function work({ workload }: Lot, key: string): Promise<void> {
  for (;;) {
    const answer = await callOnce(instance, { workload, key }, { waitMs: 30_000 })
    answers.append({ ...answer, workload })
    if (isEnd(answer) || !insists) break
    await new Promise((resolve) => void setTimeout(resolve, againMs))
  }
  done += 1
  if (done % tellEvery !== 0 && done !== total) return
  const message: ProgressMessage = { kind: 'progress', done, isOver: done === total }
  tellDrill(message)
}

tellDrill({ kind: 'ready' })
await onceEmitted(process, 'message')
await Promise.all(lots.map((lot) => inParallel(keysOfLot(lot), lot.width, (key) => work(lot, key))))
