import { aftermath } from '../../src/drills/aftermath.ts'
import { checkInvariants, type Violation } from '../../src/drills/invariants.ts'
import type { Stage } from '../../src/drills/stage.ts'
import type { Answer } from '../../src/drills/worker-protocol.ts'
import type { WorkloadId } from '../../src/drills/workloads.ts'

/** The clients call again and again where nothing is wrong any more; gives what is broken then. */
export async function violationsAfter(
  stage: Stage,
  workload: WorkloadId,
  answers: readonly Answer[],
): Promise<readonly Violation[]> {
  const keys = [...new Set(answers.map(({ key }) => key))]
  const affair = { workload, keys, answers, fault: 'none', mayDoubt: 'where-open' } as const
  return checkInvariants(await aftermath(stage, affair), { recoveryMs: 15_000 }).violations
}
