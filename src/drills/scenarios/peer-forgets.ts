import { aftermath } from '../aftermath.ts'
import type { Drill } from '../drill.ts'
import { inParallel } from '../in-parallel.ts'
import { runTrial } from '../trial.ts'

/** The target's word: it knows a key again for so long. Onceward sends within the first half of it. */
const remembersBySizeMs = { small: 1_500, whole: 3_000, full: 6_000 } as const
const keysBySize = { small: 2, whole: 6, full: 20 } as const

/** A worker dies with its effect done; one group is recovered while the target remembers, the other when it has forgotten. */
export const peerForgets: Drill = {
  id: 'peer-forgets',
  fault: 'workers die with their effect done, and the target forgets their keys before they are recovered',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'L1', 'S1', 'S2', 'S3'],
  run: async (context) => {
    const count = keysBySize[context.size]
    const remembersMs = remembersBySizeMs[context.size]
    context.plan({ remembersMs, keyLifetimeMs: remembersMs, keys: count })
    const stage = await context.stage({ keyLifetimeMs: remembersMs, peer: { remembersMs } })
    const workload = 'keyed'
    const die = (group: string): Promise<readonly string[]> =>
      inParallel(
        Array.from({ length: count }, (_, index) => index),
        2,
        async (index) => {
          const trial = await runTrial(
            { stage, workload, run: stage.nextRun() },
            {
              name: `${group}-${index}`,
              what: group,
              inEffect: { step: '', plan: { crashSender: 'after-journal' } },
            },
          )
          return trial.key
        },
      )
    const common = { workload, answers: [], mayDoubt: 'anywhere' } as const
    context.say(`${count} workers die; the target remembers their keys for ${remembersMs} ms`)
    const early = await die('remembered')
    const remembered = await aftermath(stage, { ...common, keys: early, fault: 'recovered in time' })
    const late = await die('forgotten')
    await new Promise((resolve) => void setTimeout(resolve, remembersMs))
    context.say('the target has forgotten their keys')
    const forgotten = await aftermath(stage, { ...common, keys: late, fault: 'recovered too late' })
    return { stage, histories: [...remembered, ...forgotten], faults: forgotten.length }
  },
}
