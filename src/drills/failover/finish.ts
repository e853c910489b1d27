import { aftermath } from '../aftermath.ts'
import type { KeyHistory, MayDoubt } from '../history.ts'
import type { Load, LoadAnswer } from '../load/load.ts'
import { keysOfLot } from '../load/protocol.ts'
import type { Stage } from '../stage.ts'
import { type WorkloadId, workloadIds } from '../workloads.ts'

/** What follows for everything that some loads have worked on. */
export async function finish(
  stage: Stage,
  loads: readonly Load[],
  about: { readonly fault: string; readonly mayDoubt: MayDoubt },
): Promise<readonly KeyHistory[]> {
  const answers = Map.groupBy(
    loads.flatMap((load) => load.answers()),
    ({ workload }) => workload,
  )
  const found = await Promise.all(
    workloadIds.map(async (workload) => {
      const keys = keysFor(loads, workload)
      if (keys.length === 0) return []
      const told: readonly LoadAnswer[] = answers.get(workload) ?? []
      return aftermath(stage, { workload, keys, answers: told, ...about })
    }),
  )
  return found.flat()
}

/** Two loads may have worked on the same keys. */
function keysFor(loads: readonly Load[], workload: WorkloadId): readonly string[] {
  const lots = loads.flatMap((load) => load.lots).filter((lot) => lot.workload === workload)
  return [...new Set(lots.flatMap((lot) => keysOfLot(lot)))]
}
