import type { Store } from '../../ledger/store.ts'
import type { MemoryData } from '../../stores/memory/index.ts'
import type { LedgerMutant } from '../../testing/mutants.ts'
import type { InvariantId } from '../../testing/invariant-ids.ts'
import type { Given } from '../plan.ts'

/** What a mutant of the database may look at. */
export interface ServerInside {
  readonly data: MemoryData
  /** Commits in its log: a failover makes it smaller. */
  readonly commits: () => number
}

/** A mutant of the ledger or of its database, and the invariant that must notice it. */
export interface SimulationMutant extends LedgerMutant {
  readonly caughtBy: InvariantId
  /** Where it does harm: seeds are drawn for that, unless something else is asked for. */
  readonly where?: Given
  /** Wraps the database itself, as all workers see it. */
  readonly server?: (engine: Store, inside: ServerInside) => Store
}
