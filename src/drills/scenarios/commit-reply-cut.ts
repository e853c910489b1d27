import { aftermath } from '../aftermath.ts'
import type { Drill, DrillContext, Findings } from '../drill.ts'
import { faultProxy, type ProxiedRequest } from '../proxy/index.ts'
import type { Stage } from '../stage.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { Answer } from '../worker-protocol.ts'
import type { WorkloadId } from '../workloads.ts'

const workloadsBySize = {
  small: ['blind'],
  whole: ['transactional', 'keyed', 'verifiable', 'blind', 'steps-mixed'],
  full: ['transactional', 'keyed', 'verifiable', 'blind', 'steps-keyed', 'steps-blind', 'steps-mixed'],
} as const satisfies Readonly<Record<string, readonly WorkloadId[]>>
/** No operation has more commits: an end to the counting where something is wrong. */
const maxCommits = 40
/** Nothing is to be taken over here, however slow the machine. */
const leaseBySizeMs = { small: 2_000, whole: 5_000, full: 5_000 } as const

/** The first commit of an operation is cut, then the second of another one, and so on, until one has no more. */
export const commitReplyCut: Drill = {
  id: 'commit-reply-cut',
  fault: 'the k-th commit of an operation goes through, and its acknowledgement is cut off; for every k',
  stores: ['postgres'],
  mustReach: ['I1', 'I2', 'I3', 'L1', 'S2'],
  run,
}

async function run(context: DrillContext): Promise<Findings> {
  const workloads = workloadsBySize[context.size]
  const leaseMs = leaseBySizeMs[context.size]
  context.plan({ workloads, leaseMs })
  const stage = await context.stage({ leaseMs })
  const histories = []
  const broken = []
  let faults = 0
  for (const workload of workloads) {
    const answers: Answer[] = []
    const wasCut: string[] = []
    for (let k = 0; k < maxCommits; k += 1) {
      context.say(`${workload}: the acknowledgement of commit ${k + 1}`)
      const { answer, isCut } = await callWithCut(context, stage, { workload, k })
      answers.push(answer)
      if (!isCut) break
      wasCut.push(answer.key)
      faults += 1
      // Recognised by a write: its own first attempt goes on, nobody waits for a lease.
      const { receipt, thrown } = answer
      if (receipt?.state !== 'succeeded' || receipt.attempts !== 1) {
        const what = `the call ended with ${thrown?.code ?? receipt?.state}, attempt ${receipt?.attempts}`
        broken.push({ check: 'I4', key: answer.key, what } as const)
      }
    }
    const keys = answers.map(({ key }) => key)
    const fault = 'acknowledgement of a commit cut'
    histories.push(...(await aftermath(stage, { workload, keys, fault, mayDoubt: 'never', answers })))
  }
  return { stage, histories, faults, broken }
}

async function callWithCut(
  context: DrillContext,
  stage: Stage,
  { workload, k }: { readonly workload: WorkloadId; readonly k: number },
): Promise<{ readonly answer: Answer; readonly isCut: boolean }> {
  const key = `commit-${workload}-${k + 1}`
  const proxy = await faultProxy({ target: stage.workerUrl })
  context.onEnd(() => proxy.close())
  const storeUrl = proxy.through(stage.workerUrl)
  const worker = await readyWorker(stage, { name: key, workload, keys: [key], storeUrl })
  const cut = proxy.cut({ at: 'reply', when: commits, skip: k })
  go(worker)
  const [answer] = await answersOf(worker, 1)
  await worker.kill()
  await proxy.close()
  if (answer === undefined) throw new Error('a worker answers')
  return { answer, isCut: cut.count > 0 }
}

/** A COMMIT, or a statement that changes entries and commits by itself. */
function commits(request: ProxiedRequest): boolean {
  if (request.protocol !== 'postgres') return false
  const { sql, inTransaction } = request
  if (inTransaction) return /^\s*commit\b/i.test(sql)
  return /\b(insert into|update)\b[^]*onceward_entries/i.test(sql)
}
