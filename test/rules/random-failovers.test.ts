import { expect, test } from 'vitest'
import { ledgerMutant } from '../../src/testing/mutants.ts'
import { failOverAgain } from '../support/failing-over-world.ts'

const worlds = { quick: 150, verify: 2000, full: 50_000 } as const

function count(): number {
  const size = process.env['ONCEWARD_TEST_SIZE']
  return size === 'verify' || size === 'full' ? worlds[size] : worlds.quick
}

test(
  'while workers survive, no failover repeats an effect or loses one that was acknowledged',
  async () => {
    const sometimes = { failover: 0, lost: 0, recalled: 0, awaited: 0, replay: 0 }
    for (let seed = 1; seed <= count(); seed += 1) {
      const report = await failOverAgain(seed)
      expect(report.violations, `seed ${seed}`).toEqual([])
      for (const name of Object.keys(sometimes) as (keyof typeof sometimes)[])
        sometimes[name] += report.sometimes[name]
    }
    for (const [name, times] of Object.entries(sometimes)) expect(times, name).toBeGreaterThan(0)
  },
  60_000 + count() * 100,
)

test.each([
  'recall-skipped',
  'blind-does-not-wait-for-recall',
  'verifiable-does-not-ask-first',
  'recall-overwrites-newer-attempt',
])(
  'a ledger with the mutant %s is found out',
  async (id) => {
    const found: string[] = []
    for (let seed = 1; seed <= 500 && found.length === 0; seed += 1)
      found.push(...(await failOverAgain(seed, ledgerMutant(id))).violations)
    expect(found).not.toEqual([])
  },
  60_000,
)
