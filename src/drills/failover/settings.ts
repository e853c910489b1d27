import type { DrillSize } from '../checks.ts'
import type { StageOptions } from '../stage.ts'

/** The shortest wait for recalls that there is. */
export const recallWaitMs = 10_000

/** Of every stage that is failed over: leases that outlive it. */
export function loadSettings(size: DrillSize): Partial<StageOptions> {
  return { leaseMs: size === 'small' ? 4_000 : 15_000, settleMs: 1_000, recallWaitMs, peer: { effectMs: 5 } }
}
