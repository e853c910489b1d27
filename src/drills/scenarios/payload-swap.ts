import { aftermath } from '../aftermath.ts'
import type { Drill } from '../drill.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { WorkloadId } from '../workloads.ts'

const keysBySize = { small: 2, whole: 5, full: 20 } as const

/** A client that takes the key of one order for another: while the first is being worked on, and when it has ended. */
export const payloadSwap: Drill = {
  id: 'payload-swap',
  fault: 'the same key with another body, during the work and after it',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I6', 'L1'],
  run: async (context) => {
    const workloads: readonly WorkloadId[] =
      context.size === 'small' ? ['blind'] : ['blind', 'keyed', 'verifiable']
    const amounts = Array.from({ length: keysBySize[context.size] }, () =>
      Math.floor(context.random() * 1000),
    )
    context.plan({ workloads, amounts })
    const stage = await context.stage({ leaseMs: 10_000 })
    const { client } = stage.peer
    const histories = []
    for (const workload of workloads) {
      context.say(`${amounts.length} ${workload} keys, each with two bodies`)
      const keys = amounts.map((amount, index) => `swap-${workload}-${index}-${amount}`)
      const [first, second] = await Promise.all([
        readyWorker(stage, { name: `first-${workload}`, workload, keys }),
        readyWorker(stage, { name: `second-${workload}`, workload, keys, input: { amounts }, waitMs: 2_000 }),
      ])
      for (const key of keys) await client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
      go(first)
      for (const key of keys) await client.ask<'arrived'>({ op: 'arrived', key })
      go(second)
      const swapped = await answersOf(second, keys.length)
      for (const key of keys) await client.ask<'release'>({ op: 'release', key })
      const answers = await answersOf(first, keys.length)
      await Promise.all([first.kill(), second.kill()])
      const others = Map.groupBy(swapped, ({ key }) => key)
      const affair = { workload, keys, fault: 'another body', mayDoubt: 'never', answers } as const
      for (const history of await aftermath(stage, affair)) {
        const otherInputs = [...(others.get(history.key) ?? []), ...(history.otherInputs ?? [])]
        histories.push({ ...history, otherInputs })
      }
    }
    return { stage, histories, faults: histories.length }
  },
}
