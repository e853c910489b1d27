import { createLedger } from '../ledger/create.ts'
import type { OncewardEvent } from '../ledger/events.ts'
import type { Onceward } from '../ledger/onceward.ts'
import { rules as standardRules } from '../ledger/rules.ts'
import type { Store } from '../ledger/store.ts'
import { openStoreFromUrl } from '../stores/open.ts'
import { systemRuntime } from '../system.ts'
import type { LedgerSettings, Mutation, Mutations, MutationSource } from './settings.ts'
import type { PeerClient } from './peer/client.ts'
import { drillOperations, type WorkTools } from './workloads.ts'

export interface InstanceOptions {
  readonly storeUrl: string
  readonly settings: LedgerSettings
  readonly peer: PeerClient
  /** Makes results so much larger. */
  readonly padBytes?: number
  readonly onEvent: (event: OncewardEvent) => void
}

/** A ledger as the processes of a drill use it: all workloads registered, no sweeps but those asked for. */
export interface Instance {
  readonly once: Onceward
  readonly store: Store
  readonly tools: WorkTools
}

export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const { storeUrl, settings, peer } = options
  const { scope, settleMs, rowsTable } = settings
  const mutation = await loadMutation(settings.mutation)
  const runtime = mutation.runtime?.(systemRuntime) ?? systemRuntime
  const opened = await openStoreFromUrl(storeUrl)
  const store = mutation.store?.(opened, runtime, storeUrl) ?? opened
  const { padBytes = 0 } = options
  const tools = { peer, settleMs, rowsTable, padding: '.'.repeat(padBytes) }
  const operations = drillOperations(tools, settings)
  const once = createLedger({ store, scope, operations, sweep: false, ...timesOf(settings) }, runtime, {
    rules: { ...standardRules, ...mutation.rules?.(standardRules) },
  })
  once.on('*', options.onEvent)
  await once.open()
  return { once, store, tools }
}

/** What the settings leave open stays the ledger's own default. */
function timesOf({ storeTimeoutMs, recallMs, recallWaitMs }: LedgerSettings): Partial<LedgerSettings> {
  return {
    ...(storeTimeoutMs === undefined ? {} : { storeTimeoutMs }),
    ...(recallMs === undefined ? {} : { recallMs }),
    ...(recallWaitMs === undefined ? {} : { recallWaitMs }),
  }
}

async function loadMutation(source: MutationSource | undefined): Promise<Mutation> {
  if (source === undefined) return {}
  const { mutations } = (await import(source.module)) as Mutations
  const mutation = mutations[source.id]
  if (mutation === undefined) throw new Error(`${source.module} has no mutation ${source.id}.`)
  return mutation
}
