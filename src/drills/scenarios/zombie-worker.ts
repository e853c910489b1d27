import type { Drill, DrillContext, Findings } from '../drill.ts'
import { stopEachAwait } from '../stop-each-await.ts'
import type { WorkloadId } from '../workloads.ts'
import { comeBackWhileOvertaken, sleepUndisturbed } from '../zombies.ts'

/** Stopped workers are all in memory at once. */
const stopsBySize = { small: 3, whole: 8, full: 24 } as const
const workloadsBySize = {
  small: ['blind'],
  whole: ['keyed', 'blind', 'verifiable', 'steps-mixed'],
  full: ['transactional', 'keyed', 'blind', 'verifiable', 'steps-keyed', 'steps-blind', 'steps-mixed'],
} as const satisfies Readonly<Record<string, readonly WorkloadId[]>>
/** Awaits of an operation, roughly: what the stops are spread over. */
const awaits = { plain: 48, stepped: 130 } as const

export const zombieWorker: Drill = {
  id: 'zombie-worker',
  fault: 'SIGSTOP past the lease, others take over or do not, SIGCONT',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I4', 'I7', 'L1', 'S1', 'S7'],
  skips: () => (process.platform === 'win32' ? 'Windows has no SIGSTOP' : undefined),
  run,
}

async function run(context: DrillContext): Promise<Findings> {
  const stops = workloadsBySize[context.size].map((workload) => {
    const span = workload.startsWith('steps-') ? awaits.stepped : awaits.plain
    const every = Math.ceil(span / stopsBySize[context.size])
    return { workload, every, offset: 1 + Math.floor(context.random() * every) }
  })
  context.plan({ stops })
  const stage = await context.stage()
  const findings = []
  let faults = 0
  for (const { workload, every, offset } of stops) {
    context.say(`${workload}: workers stand still at every ${every}th await, and come back`)
    const report = await stopEachAwait({ stage, workload, every, offset })
    faults += report.stops
    findings.push(...report.histories)
  }
  context.say('a worker comes back in the middle of its successor’s work')
  const { history, broken } = await comeBackWhileOvertaken(stage, 'amid')
  context.say('a worker comes back to an entry that nobody has touched')
  const untouched = await sleepUndisturbed(stage, 'undisturbed')
  return {
    stage,
    histories: [...findings, history, untouched.history],
    faults: faults + 2,
    broken: [...broken, ...untouched.broken],
  }
}
