import { crashEachAwait } from '../crash-each-await.ts'
import type { Drill } from '../drill.ts'
import { type WorkloadId, workloadIds, workloadOf } from '../workloads.ts'

const chosen = {
  small: ['keyed', 'blind'],
  whole: ['transactional', 'keyed', 'verifiable', 'blind', 'steps-mixed'],
  full: workloadIds,
} satisfies Readonly<Record<string, readonly WorkloadId[]>>

export const crashEachAwaitDrill: Drill = {
  id: 'crash-each-await',
  fault: 'SIGKILL at the k-th await of an operation, for every k, and inside of its effect',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'L1', 'S1', 'S2', 'S3'],
  run: async (context) => {
    const isSmall = context.size === 'small'
    const plan = chosen[context.size].map((workload) => {
      const every = isSmall ? 8 : stride(workload, context.place.kind, context.size)
      const offset = 1 + Math.floor(context.random() * every)
      return { workload, every, offset }
    })
    context.plan({ crashes: plan })
    const stage = await context.stage()
    const histories = []
    let faults = 0
    for (const { workload, every, offset } of plan) {
      context.say(`${workload}: a process for ${every === 1 ? 'each await' : `one await in ${every}`}`)
      const report = await crashEachAwait({ stage, workload, every, offset, everyInEffect: isSmall ? 2 : 1 })
      faults += report.crashes + report.crashesInEffect
      histories.push(...report.histories)
    }
    return { stage, histories, faults }
  },
}

/**
 * Plain operations die at each of their awaits. A stepped one has three times as many, of which a run takes a share, from
 * an offset that the seed gives: several seeds make all of them, and so does the long proof.
 */
function stride(workload: WorkloadId, kind: 'sqlite' | 'postgres', size: 'whole' | 'full'): number {
  if (size === 'full' || !workloadOf(workload).hasSteps) return 1
  return kind === 'sqlite' ? 2 : 8
}
