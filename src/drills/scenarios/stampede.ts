import type { Drill } from '../drill.ts'
import { aftermath } from '../aftermath.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

const crowds = {
  small: [5, 5],
  whole: Array.from({ length: 10 }, () => 5),
  full: Array.from({ length: 50 }, () => 1),
} as const
/** No stall of a busy machine outlives it: here nothing is to be taken over. */
const leaseMs = 10_000

export const stampede: Drill = {
  id: 'stampede',
  fault: '50 callers in 10 processes call with one key at once',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I3', 'L1', 'S2'],
  run: async (context) => {
    const crowd = crowds[context.size]
    const workloads: readonly WorkloadId[] = context.size === 'small' ? ['blind'] : ['blind', 'transactional']
    context.plan({ crowd, workloads })
    const stage = await context.stage({ leaseMs })
    const histories = []
    for (const workload of workloads) {
      context.say(`${crowd.length} processes gather at one ${workload} key`)
      const key = `stampede-${workload}`
      const workers = await Promise.all(
        crowd.map((callers, index) =>
          readyWorker(stage, { name: `${key}-${index}`, workload, keys: [key], callers }),
        ),
      )
      for (const worker of workers) go(worker)
      const answers = await Promise.all(workers.map((worker, index) => answersOf(worker, crowd[index] ?? 0)))
      await Promise.all(workers.map((worker) => worker.kill()))
      const affair = { workload, keys: [key], fault: 'stampede', mayDoubt: 'never' } as const
      histories.push(...(await aftermath(stage, { ...affair, answers: answers.flat() })))
    }
    return { stage, histories, faults: workloads.length }
  },
}
