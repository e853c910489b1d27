import type { Runtime } from '../../kernel/runtime.ts'
import type { Rules } from '../../ledger/rules.ts'
import type { Store } from '../../ledger/store.ts'

/**
 * One broken decision of the ledger, put in by injection: in the pure rules, between the ledger and its store, or
 * between the ledger and its clock. A test or an invariant of the rule it names must notice.
 */
export interface LedgerMutant {
  readonly id: string
  /** Of DESIGN.md section 2; 13 is recall, its section 5. */
  readonly rule: number
  /** What it does wrong. */
  readonly breaks: string
  readonly rules?: (standard: Rules) => Partial<Rules>
  /** Wraps the store of one worker, whose runtime comes with it. Made for stores that are plain objects. */
  readonly store?: (store: Store, runtime: Runtime) => Store
  readonly runtime?: (runtime: Runtime) => Runtime
}
