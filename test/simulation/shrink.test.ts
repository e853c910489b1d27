import { describe, expect, it } from 'vitest'
import { runChunk } from '../../src/simulation/campaign.ts'
import { drawPlan } from '../../src/simulation/draw.ts'
import { simulationMutant } from '../../src/simulation/mutants/index.ts'
import type { Plan } from '../../src/simulation/plan.ts'
import { run } from '../../src/simulation/run.ts'
import { shrink } from '../../src/simulation/shrink.ts'

const ids = ['lapsed-blind-runs', 'fingerprint-ignored', 'recall-skipped', 'visible-counts-as-durable']

function sizeOf({ faults, calls, workers, keys }: Plan): number {
  const retries = calls.reduce((sum, call) => sum + call.retries, 0)
  return faults.length + calls.length + workers + keys + retries
}

describe('the shortest way to a violation', () => {
  it.each(ids)(
    'breaks what the whole world broke, with less (%s)',
    async (id) => {
      const mutant = simulationMutant(id)
      if (mutant === undefined) throw new Error(`There is no mutant ${id}.`)
      const given = mutant.where ?? {}
      const { findings } = await runChunk({ from: 1, seeds: 1_500, given, mutant: id })
      const found = findings.filter(({ invariant }) => invariant === mutant.caughtBy).slice(0, 3)
      expect(found).not.toEqual([])
      let before = 0
      let after = 0
      for (const { seed, invariant } of found) {
        const plan = drawPlan(seed, given)
        const shrunk = await shrink(plan, invariant, { mutant })
        expect(sizeOf(shrunk.plan)).toBeLessThanOrEqual(sizeOf(plan))
        before += sizeOf(plan)
        after += sizeOf(shrunk.plan)
        const breaks = (breaches: readonly { invariant: string }[]): boolean =>
          breaches.some((breach) => breach.invariant === invariant)
        expect(breaks(shrunk.report.breaches)).toBe(true)
        // Anybody can repeat it, and one fault, call, worker or key less does not show it any more.
        const again = await run(shrunk.plan, { mutant })
        expect(again.hash).toBe(shrunk.report.hash)
        for (const index of shrunk.plan.faults.keys()) {
          const less = { ...shrunk.plan, faults: shrunk.plan.faults.toSpliced(index, 1) }
          expect(breaks((await run(less, { mutant })).breaches)).toBe(false)
        }
        expect(breaks((await run(shrunk.plan)).breaches)).toBe(false)
      }
      expect(after).toBeLessThan(before)
    },
    60_000,
  )
})
