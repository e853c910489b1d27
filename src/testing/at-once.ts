import type { Seldom } from '../ledger/seldom.ts'
import { makeSteps } from '../ledger/steps.ts'
import { runUnguarded } from '../ledger/unguarded.ts'

/** The parts that are seldom needed, there from the start: where time is simulated, no turn goes by while they load. */
export const atOnce: Seldom = {
  steps: async () => ({ makeSteps }),
  unguarded: async () => ({ runUnguarded }),
}
