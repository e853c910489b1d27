import { createOnceward } from '../../index.ts'
import type { EventType } from '../../ledger/events.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { Store } from '../../ledger/store.ts'
import type { VerifyAnswer, VerifyQuestion } from '../../ledger/safety.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import { openJournal } from '../../testing/journal.ts'
import type { LedgerConfig } from '../messages.ts'
import { dispatchTimeoutMs } from './effects.ts'

/** Short, so that the demo ends soon; a killed worker's orders wait this long for another worker. */
const leaseMs = 2_000
/** The partner is asked when no request of the dead worker can be under way any more. */
const settleMs = dispatchTimeoutMs + 200
const keyLifetimeMs = 24 * 60 * 60 * 1000
const verifyTimeoutMs = 1_000

/** What happens thousands of times in an orderly run and tells nothing here. */
const routine: ReadonlySet<EventType> = new Set<EventType>([
  'effect_started',
  'succeeded',
  'waiting',
  'renewed',
  'swept',
])

/** Opens the ledger with the shop's three operations: for a worker, or for a sweep with no caller present. */
export async function openLedger(config: LedgerConfig): Promise<Onceward> {
  const store = await openStoreFromUrl(config.storeUrl)
  const once = createOnceward({
    store,
    scope: config.scope,
    // The keys are the order numbers of the input, whatever they look like.
    keyLint: 'off',
    sweep: false,
    operations: {
      charge: { safety: { kind: 'keyed', keyLifetimeMs }, leaseMs },
      dispatch: {
        safety: {
          kind: 'verifiable',
          settleMs,
          verify: (question) => askPartner(config.partnerUrl, question),
        },
        leaseMs,
      },
      mail: { safety: 'blind', leaseMs },
    },
  })
  const journal = openJournal(config.eventsPath)
  once.on('*', (event) => {
    if (event.type === 'claimed' && !event.takeover) return
    if (!routine.has(event.type)) journal.append({ ...event })
  })
  return config.recorder === undefined ? once : recorded(once, store, config.recorder)
}

interface Recording {
  readonly recordActivity: (once: Onceward, options: { store: Store }) => { stop(): Promise<void> }
}

/** The server, which knows how, is a room that this one does not know: its module is named by whoever runs the demo. */
async function recorded(once: Onceward, store: Store, module: string): Promise<Onceward> {
  const { recordActivity } = (await import(module)) as Recording
  const recorder = recordActivity(once, { store })
  return {
    ...once,
    close: async (options) => {
      await recorder.stop()
      await once.close(options)
    },
  }
}

async function askPartner(partnerUrl: string, question: VerifyQuestion): Promise<VerifyAnswer> {
  const order = question.key[1]
  if (order === undefined) return { happened: 'unknown' }
  const signal = AbortSignal.any([question.signal, AbortSignal.timeout(verifyTimeoutMs)])
  const response = await fetch(`${partnerUrl}/orders/${encodeURIComponent(order)}`, { signal })
  if (response.status === 404) return { happened: false }
  return response.ok ? { happened: true, value: await response.json() } : { happened: 'unknown' }
}
