import type { Runtime } from '../kernel/runtime.ts'
import { createLedger } from '../ledger/create.ts'
import type { OncewardEvent } from '../ledger/events.ts'
import type { Onceward } from '../ledger/onceward.ts'
import { type Rules, rules as standardRules } from '../ledger/rules.ts'
import type { Store } from '../ledger/store.ts'
import { openStoreFromUrl } from '../stores/open.ts'
import { systemRuntime } from '../system.ts'
import type { PeerClient } from './peer/client.ts'
import { drillOperations, type WorkTools } from './workloads.ts'

/** One broken decision, put into the ledger of a drill: what the invariants must notice. */
export interface Mutation {
  readonly rules?: (standard: Rules) => Partial<Rules>
  readonly store?: (store: Store, runtime: Runtime, storeUrl: string) => Store
  readonly runtime?: (runtime: Runtime) => Runtime
}

/** What a file of mutations exports. A drill names the file and the id; the processes of a drill load it by themselves. */
export interface Mutations {
  readonly mutations: Readonly<Record<string, Mutation>>
}

export interface MutationSource {
  /** A file URL. */
  readonly module: string
  readonly id: string
}

/** What all ledgers of a drill have in common. Plain JSON: its processes are sent it. */
export interface LedgerSettings {
  readonly scope: string
  /** The table of effects that are rows of the user's own. */
  readonly rowsTable: string
  readonly leaseMs: number
  readonly settleMs: number
  readonly mutation?: MutationSource
  readonly retry?: 'on-failure'
  /** How long keyed targets are taken to remember a key. */
  readonly keyLifetimeMs?: number
  readonly storeTimeoutMs?: number
}

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
  const { scope, settleMs, rowsTable, storeTimeoutMs } = settings
  const mutation = await loadMutation(settings.mutation)
  const runtime = mutation.runtime?.(systemRuntime) ?? systemRuntime
  const opened = await openStoreFromUrl(storeUrl)
  const store = mutation.store?.(opened, runtime, storeUrl) ?? opened
  const { padBytes = 0 } = options
  const tools = { peer, settleMs, rowsTable, padding: '.'.repeat(padBytes) }
  const operations = drillOperations(tools, settings)
  const patience = storeTimeoutMs === undefined ? {} : { storeTimeoutMs }
  const once = createLedger({ store, scope, operations, sweep: false, ...patience }, runtime, {
    ...standardRules,
    ...mutation.rules?.(standardRules),
  })
  once.on('*', options.onEvent)
  await once.open()
  return { once, store, tools }
}

async function loadMutation(source: MutationSource | undefined): Promise<Mutation> {
  if (source === undefined) return {}
  const { mutations } = (await import(source.module)) as Mutations
  const mutation = mutations[source.id]
  if (mutation === undefined) throw new Error(`${source.module} has no mutation ${source.id}.`)
  return mutation
}
