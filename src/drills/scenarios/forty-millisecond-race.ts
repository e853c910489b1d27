import { aftermath } from '../aftermath.ts'
import type { Drill } from '../drill.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

const apartMs = 40
const leaseMs = 10_000
const keysBySize = { small: 4, whole: 10, full: 40 } as const

/** As when a customer clicks twice: the second order arrives while the first is being worked on, at another worker. */
export const fortyMillisecondRace: Drill = {
  id: 'forty-millisecond-race',
  fault: 'the same orders arrive twice, 40 ms apart, at two workers',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I3', 'L1', 'S2'],
  run: async (context) => {
    const workloads: readonly WorkloadId[] =
      context.size === 'small' ? ['blind'] : ['blind', 'keyed', 'verifiable']
    // From effects that are over when the second comes to ones that go on for long behind it.
    const delaysMs = Array.from({ length: keysBySize[context.size] }, () =>
      Math.floor(context.random() * 150),
    )
    context.plan({ apartMs, workloads, delaysMs })
    const stage = await context.stage({ leaseMs })
    const histories = []
    for (const workload of workloads) {
      context.say(`two workers, ${delaysMs.length} ${workload} orders, ${apartMs} ms apart`)
      const keys = delaysMs.map((_, index) => `order-${workload}-${index}`)
      await Promise.all(
        keys.map((key, index) =>
          stage.peer.client.ask<'plan'>({ op: 'plan', key, plan: { delayMs: delaysMs[index] ?? 0 } }),
        ),
      )
      const workers = await Promise.all(
        ['first', 'second'].map((name) =>
          readyWorker(stage, { name: `${name}-${workload}`, workload, keys }),
        ),
      )
      for (const worker of workers) {
        go(worker)
        await new Promise((resolve) => void setTimeout(resolve, apartMs))
      }
      const answers = await Promise.all(workers.map((worker) => answersOf(worker, keys.length)))
      await Promise.all(workers.map((worker) => worker.kill()))
      const affair = { workload, keys, fault: 'sent twice', mayDoubt: 'never' } as const
      histories.push(...(await aftermath(stage, { ...affair, answers: answers.flat() })))
    }
    return { stage, histories, faults: histories.length }
  },
}
