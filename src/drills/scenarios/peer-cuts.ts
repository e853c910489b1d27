import { aftermath } from '../aftermath.ts'
import type { Drill, DrillContext, Findings } from '../drill.ts'
import { faultProxy } from '../proxy/index.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

const workloads: readonly WorkloadId[] = ['keyed', 'verifiable', 'blind']
const keysBySize = { small: 3, whole: 8, full: 40 } as const
/** Bytes of a reply's head that a client may still get. */
const maxAfterBytes = 60

/** The peer did it, and the worker hears a reset. */
export const replyCut: Drill = {
  id: 'reply-cut',
  fault: 'the target has done it, and the connection is reset before or within its reply',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I8', 'L1', 'S1', 'S3', 'S5'],
  run: (context) => cutAtPeer(context, 'reply'),
}

/** The peer never hears of it, and the worker hears the very same reset. */
export const requestCut: Drill = {
  id: 'request-cut',
  fault: 'the connection is reset before the request is forwarded to the target',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I8', 'L1', 'S1', 'S3'],
  run: (context) => cutAtPeer(context, 'request'),
}

async function cutAtPeer(context: DrillContext, at: 'request' | 'reply'): Promise<Findings> {
  const count = keysBySize[context.size]
  const plan = workloads.flatMap((workload) =>
    Array.from({ length: count }, (_, index) => {
      // Half of the replies are cut within their first bytes.
      const afterBytes = at === 'reply' && index % 2 === 1 ? Math.floor(context.random() * maxAfterBytes) : 0
      return { workload, key: `${at}-cut-${workload}-${index}`, afterBytes }
    }),
  )
  context.plan({ at, cuts: plan })
  // A worker that takes a reset for "not done" would do it again under a new effect key.
  const stage = await context.stage({ retry: 'on-failure', settleMs: 600 })
  const proxy = await faultProxy({ target: stage.peer.address })
  context.onEnd(() => proxy.close())
  const histories = []
  let faults = 0
  for (const workload of workloads) {
    context.say(`${count} ${workload} requests, each cut at the ${at}`)
    const planned = plan.filter((one) => one.workload === workload)
    const keys = planned.map(({ key }) => key)
    const cuts = planned.map(({ key, afterBytes }) =>
      proxy.cut({ at, when: `POST /effect/${key} `, afterBytes }),
    )
    const worker = await readyWorker(stage, { name: `cut-${workload}`, workload, keys, peer: proxy })
    go(worker)
    const answers = await answersOf(worker, keys.length)
    await worker.kill()
    faults += cuts.reduce((sum, cut) => sum + cut.count, 0)
    const fault = `reset at the ${at}`
    histories.push(...(await aftermath(stage, { workload, keys, fault, mayDoubt: 'where-open', answers })))
  }
  return { stage, histories, faults }
}
