import type { Runtime } from '../kernel/runtime.ts'
import type { Rules } from '../ledger/rules.ts'
import type { Store } from '../ledger/store.ts'

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
  readonly recallMs?: number
  readonly recallWaitMs?: number
}
