import { describe, expect, it } from 'vitest'
import type { MutationSource } from '../../src/drills/settings.ts'
import { Recovery } from '../../src/drills/recovery.ts'
import type { Stage } from '../../src/drills/stage.ts'
import { runTrial } from '../../src/drills/trial.ts'
import { useStage } from './stages.ts'
import { effectCounts } from '../../src/drills/workers.ts'

const minute = 60_000
/** Long enough for a busy machine: the request lands far behind the lease, and far before the target is asked. */
const times = { leaseMs: 300, settleMs: 2_000 }
const landsAfterMs = 1_000

/** A worker dies while its request is on its way, which arrives when the lease has long lapsed. Gives the effects. */
async function dieWithRequestOnItsWay(stage: Stage): Promise<number | undefined> {
  const context = { stage, workload: 'verifiable', run: stage.nextRun() } as const
  const { key, crashed } = await runTrial(context, {
    name: 'late',
    what: 'SIGKILL with the request on its way',
    inEffect: { step: '', plan: { crashSender: 'before-journal', delayMs: landsAfterMs } },
  })
  expect(crashed).toBe(true)
  const recovery = await Recovery.open(stage, 'verifiable', [key])
  await recovery.callAndSweep()
  await recovery.close()
  await expect
    .poll(() => stage.peer.effects().some(({ pid }) => pid !== process.pid), { timeout: 10_000 })
    .toBe(true)
  return (await effectCounts(stage)).get(key)
}

describe('a request that outlives the lease of its sender', () => {
  const stage = useStage('sqlite', times)

  it('is waited for before its target is asked', { timeout: minute }, async () => {
    expect(await dieWithRequestOnItsWay(stage())).toBe(1)
  })
})

describe('a guard that asks as soon as the lease has lapsed', () => {
  const mutation: MutationSource = {
    module: new URL('./mutations.ts', import.meta.url).href,
    id: 'verifiable-asked-early',
  }
  const stage = useStage('sqlite', { ...times, mutation })

  it('is found by it', { timeout: minute }, async () => {
    expect(await dieWithRequestOnItsWay(stage())).toBe(2)
  })
})
