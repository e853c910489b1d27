import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ledgerMutant } from '../../src/testing/mutants.ts'
import { type Plan, ScheduledWorld } from './scheduled-world.ts'

const runs = ((): number => {
  switch (process.env['ONCEWARD_TEST_SIZE']) {
    case 'full':
      return 50_000
    case 'verify':
      return 5_000
    default:
      return 400
  }
})()

const call = fc.record({
  worker: fc.nat({ max: 2 }),
  answer: fc.constantFrom('arrives', 'answer-lost', 'refused'),
} as const)

function plans(safety: Plan['safety']): fc.Arbitrary<Plan> {
  return fc.record({
    safety: fc.constant(safety),
    calls: fc.array(call, { minLength: 1, maxLength: 5 }),
    lostReplies: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
  })
}

interface Seen {
  readonly mutant?: string
  /** Gathers what callers were told. */
  readonly sometimes?: Set<string>
}

/** What must hold however messages and timers are interleaved. Effects are counted at their target. */
function property(
  safety: Plan['safety'],
  { mutant, sometimes }: Seen = {},
): fc.IAsyncProperty<[fc.Scheduler, Plan]> {
  const broken = mutant === undefined ? undefined : ledgerMutant(mutant)
  return fc.asyncProperty(fc.scheduler(), plans(safety), async (scheduler, plan) => {
    const { effects, told } = await new ScheduledWorld(scheduler, plan, broken).live()
    const values = new Set(told.filter((one) => one.startsWith('effect')))
    expect(effects, 'I1: effects at the target').toBeLessThanOrEqual(1)
    expect(values.size, 'I3: results that callers were given').toBeLessThanOrEqual(1)
    const promised = values.size > 0 ? [1] : told.includes('EFFECT_FAILED') ? [0] : [0, 1]
    expect(promised, 'I2: effects, by what callers were told').toContain(effects)
    for (const one of told) sometimes?.add(one)
  })
}

/** Harm that an interleaving of a few calls shows. */
const harmful = [
  { id: 'lapsed-blind-runs', safety: 'blind' },
  { id: 'every-error-means-not-done', safety: 'blind' },
  { id: 'effect-key-names-the-attempt', safety: 'keyed' },
  { id: 'lapsed-verifiable-runs', safety: 'verifiable' },
  { id: 'owner-token-is-constant', safety: 'blind' },
] as const

describe('the guard, with every message and timer scheduled by fast-check', () => {
  it.each(['blind', 'keyed', 'verifiable'] as const)(
    `keeps its promises (%s, ${runs} schedules)`,
    async (safety) => {
      const sometimes = new Set<string>()
      // Few schedules let a call come to its end, so now and then a short run has none: it goes on until one has.
      for (let rounds = 0; rounds < 20 && !sometimes.has('effect 1'); rounds += 1)
        await fc.assert(property(safety, { sometimes }), { numRuns: runs })
      expect([...sometimes]).toContain('effect 1')
      expect(sometimes.size).toBeGreaterThan(2)
    },
    600_000,
  )

  it.each(harmful)(
    'finds the mutant $id, and says by which schedule',
    async ({ id, safety }) => {
      const found = await fc.check(property(safety, { mutant: id }), { numRuns: 3_000, seed: 11 })
      expect(found.failed, `${id} after ${found.numRuns} schedules`).toBe(true)
      expect(fc.stringify(found.counterexample)).toContain('claim is answered resolved')
    },
    60_000,
  )

  it('shrinks what it finds', async () => {
    const broken = property('blind', { mutant: 'every-error-means-not-done' })
    const found = await fc.check(broken, { numRuns: 3_000, seed: 11 })
    expect(found.numShrinks).toBeGreaterThan(0)
  })
})
