import { describe, expect, it } from 'vitest'
import { crashEachAwait } from '../../src/drills/crash-each-await.ts'
import type { MutationSource } from '../../src/drills/settings.ts'
import { stopEachAwait } from '../../src/drills/stop-each-await.ts'
import type { WorkloadId } from '../../src/drills/workloads.ts'
import { brokenIn, isWhole, needsStops, seed, tell, useStage } from './stages.ts'

const minute = 60_000
const mutant = (id: string): MutationSource => ({
  module: new URL('./mutations.ts', import.meta.url).href,
  id,
})

/** The id of a broken guard, what it runs, and the invariants that must break. */
type Case = readonly [id: string, workload: WorkloadId, broken: readonly string[]]

const crashes: readonly Case[] = [
  ['transaction-in-two', 'transactional', ['I1']],
  ['effect-key-per-attempt', 'keyed', ['I1']],
  ['verifiable-not-asked', 'verifiable', ['I1']],
  ['blind-runs-again', 'blind', ['I1', 'I5']],
  ['step-start-not-kept', 'steps-blind', ['I1']],
  ['outcome-acknowledged-early', 'blind', ['I7']],
]
/** The short run takes another half of them each time. */
const taken = crashes.filter((_, index) => isWhole || index % 2 === seed % 2)

/** The same drills with one broken decision each: a drill that does not notice it proves nothing. */
describe.each(taken)('a crash finds the mutant %s (%s)', (id, workload, broken) => {
  const stage = useStage('sqlite', { mutation: mutant(id) })

  it(`by ${broken.join(' and ')}`, { timeout: minute }, async () => {
    // The window of a transaction is a dozen awaits wide; the others' are open from the effect to its outcome.
    const every = workload === 'transactional' ? 4 : 12
    const sample = { every, offset: 6, everyInEffect: 2 }
    const report = await crashEachAwait({ stage: stage(), workload, ...sample })
    tell('sqlite', report)
    expect(brokenIn(report)).toEqual(expect.arrayContaining([...broken]))
  })
})

describe.each<Case>([['lease-never-ends', 'verifiable', ['I1']]])(
  'a worker that stands still finds the mutant %s (%s)',
  (id, workload, broken) => {
    const stage = useStage('sqlite', { mutation: mutant(id) })

    it(`by ${broken.join(' and ')}`, { timeout: minute }, async (context) => {
      needsStops(context)
      const report = await stopEachAwait({ stage: stage(), workload, every: 1, offset: 4, until: 18 })
      tell('sqlite', report)
      expect(brokenIn(report)).toEqual(expect.arrayContaining([...broken]))
    })
  },
)
