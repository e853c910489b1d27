import { describe, expect, it } from 'vitest'
import { ledgerMutant } from '../../src/testing/mutants.ts'
import { liveThrough, type Report } from '../support/random-world.ts'

const worlds = 150

/** Mutants that do harm which a peer can see, so that some world must show it. */
const harmful = [
  'every-error-means-not-done',
  'failure-speaks-for-all',
  'lapsed-blind-runs',
  'lapsed-verifiable-runs',
  'takeover-forgets-the-unknown',
  'owner-token-is-constant',
  'effect-key-names-the-attempt',
  'round-rises-on-unknown',
  'step-starts-are-not-written',
  'step-writes-overwrite-each-other',
  'close-releases-started-work',
]

describe('in random worlds of faults', () => {
  it(`all invariants hold (${worlds} seeds), and all that is interesting comes about`, async () => {
    const total: Record<string, number> = {}
    for (let seed = 1; seed <= worlds; seed += 1) {
      const { violations, sometimes } = await liveThrough(seed)
      expect(violations, `seed ${seed}`).toEqual([])
      for (const [name, times] of Object.entries(sometimes)) total[name] = (total[name] ?? 0) + times
    }
    for (const [name, times] of Object.entries(total)) expect([name, times > 0]).toEqual([name, true])
  })

  it('the same seed gives the same world', async () => {
    const [one, other] = [await liveThrough(3), await liveThrough(3)]
    expect(one).toEqual(other)
  })

  it.each(harmful)('the harm of the mutant %s is seen', async (id) => {
    let report: Report | undefined
    for (let seed = 1; seed <= worlds && (report?.violations.length ?? 0) === 0; seed += 1) {
      report = await liveThrough(seed, ledgerMutant(id))
    }
    expect(report?.violations).not.toEqual([])
  })
})
