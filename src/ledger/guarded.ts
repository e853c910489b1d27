import type { Ledger } from './context.ts'
import type { Call } from './door.ts'
import type { Effect } from './onceward.ts'
import type { MakeSteps } from './steps.ts'

/** One call on its way through the guard. */
export interface Guarded {
  readonly ledger: Ledger
  readonly call: Call
  readonly effect: Effect<unknown>
  /** Where the operation has steps. */
  readonly makeSteps: MakeSteps | undefined
  /** By the monotonic clock. */
  readonly waitUntilMs: number
}
