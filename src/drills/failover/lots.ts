import type { DrillSize } from '../checks.ts'
import type { Lot } from '../load/protocol.ts'
import type { WorkloadId } from '../workloads.ts'

const countBySize = { small: 60, whole: 150, full: 300 } as const
/** Blind work waits ten seconds in a new epoch: too long for a quick test. */
const workloadsBySize: Readonly<Record<DrillSize, readonly WorkloadId[]>> = {
  small: ['keyed', 'verifiable', 'transactional'],
  whole: ['keyed', 'verifiable', 'blind', 'transactional'],
  full: ['keyed', 'verifiable', 'blind', 'transactional'],
}

/** What a worker does while its primary dies: some of each kind of work, a few at a time. */
export function lotsOf(
  size: DrillSize,
  prefix: string,
  workloads: readonly WorkloadId[] = workloadsBySize[size],
): readonly Lot[] {
  return workloads.map((workload) => ({
    workload,
    prefix: `${prefix}-${workload}`,
    count: countBySize[size],
    width: 3,
  }))
}
