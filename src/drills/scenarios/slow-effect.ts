import { aftermath } from '../aftermath.ts'
import type { Drill } from '../drill.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

const leaseBySizeMs = { small: 800, whole: 1_500, full: 1_500 } as const
/** The target answers after so many leases. */
const leases = 2.5

export const slowEffect: Drill = {
  id: 'slow-effect',
  fault: `effects that take ${leases} times as long as their lease, while others call`,
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I3', 'L1', 'S2', 'S6'],
  run: async (context) => {
    const workloads: readonly WorkloadId[] =
      context.size === 'small' ? ['blind'] : ['blind', 'keyed', 'verifiable']
    const leaseMs = leaseBySizeMs[context.size]
    context.plan({ leaseMs, effectMs: leaseMs * leases, workloads })
    const stage = await context.stage({ leaseMs })
    const { client } = stage.peer
    context.say(`effects of ${leaseMs * leases} ms under leases of ${leaseMs} ms`)
    const affairs = workloads.map(async (workload) => {
      const key = `slow-${workload}`
      const [owner, caller] = await Promise.all([
        readyWorker(stage, { name: `owner-${workload}`, workload, keys: [key] }),
        readyWorker(stage, { name: `caller-${workload}`, workload, keys: [key] }),
      ])
      await client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
      go(owner)
      await client.ask<'arrived'>({ op: 'arrived', key })
      go(caller)
      await new Promise((resolve) => void setTimeout(resolve, leaseMs * leases))
      await client.ask<'release'>({ op: 'release', key })
      const answers = [...(await answersOf(owner, 1)), ...(await answersOf(caller, 1))]
      await Promise.all([owner.kill(), caller.kill()])
      return { workload, keys: [key], fault: 'a slow effect', mayDoubt: 'never', answers } as const
    })
    const histories = []
    for (const affair of await Promise.all(affairs)) histories.push(...(await aftermath(stage, affair)))
    return { stage, histories, faults: histories.length }
  },
}
