import { collectHistories } from './collect.ts'
import type { KeyHistory, MayDoubt } from './history.ts'
import { Recovery } from './recovery.ts'
import type { Stage } from './stage.ts'
import type { Answer } from './worker-protocol.ts'
import type { WorkloadId } from './workloads.ts'

/** What was done to some keys of one workload, and what came of it so far. */
export interface Affair {
  readonly workload: WorkloadId
  readonly keys: readonly string[]
  /** For messages. */
  readonly fault: string
  readonly mayDoubt: MayDoubt
  /** What callers were told, in any order. */
  readonly answers: readonly Answer[]
}

/**
 * What follows when nothing is wrong any more: clients call again, lapsed leases are swept, somebody tries another
 * input, a person decides what is in doubt. Gives all that is known then.
 */
export async function aftermath(stage: Stage, affair: Affair): Promise<readonly KeyHistory[]> {
  const { workload, keys, fault, mayDoubt } = affair
  const recovery = await Recovery.open(stage, workload, keys)
  try {
    await recovery.live()
  } finally {
    await recovery.close()
  }
  const recovered = recovery.results()
  const before = Map.groupBy(affair.answers, ({ key }) => key)
  const witnesses = keys.map((key, index) => ({
    key,
    rows: new Map(),
    answers: [],
    ...recovered[index],
    fault,
    mayDoubt,
    answersBefore: before.get(key) ?? [],
  }))
  return collectHistories(stage, workload, witnesses)
}
