import { ContractBroken, isContractBroken } from '../assert.ts'
import type { TestRunner } from '../test-runner.ts'
import type { AdapterUnderTest } from './adapter.ts'
import { adapterMutants } from './broken/adapters.ts'
import type { AdapterMutant } from './broken/mutant.ts'
import type { AdapterCase } from './contract.ts'
import { adapterContract, runAdapterCase } from './run-adapter-contract.ts'

/**
 * Registers a test for each mutant: your adapter, broken in one way, must be rejected by the sentences that the mutant
 * names. It shows that the suite can fail with your adapter and your `start`.
 *
 * Sentences that need a trait which the adapter lacks are left out.
 */
export function runAdapterMutants(runner: TestRunner, adapter: AdapterUnderTest): void {
  runner.describe(`adapter mutants: ${adapter.name}`, () => {
    for (const mutant of adapterMutants) {
      const cases = adapterContract.filter(
        ({ title, needs }) =>
          mutant.caughtBy.includes(title) && (needs === undefined || adapter.traits.includes(needs)),
      )
      if (cases.length === 0) continue
      runner.it(`${mutant.id}: an adapter that ${mutant.breaks}`, async () => {
        const broken = breakAdapter(adapter, mutant)
        for (const one of cases) await rejects(one, broken)
      })
    }
  })
}

/** The case must fail by its own judgement, not by a mistake in the mutant. */
async function rejects(one: AdapterCase, broken: AdapterUnderTest): Promise<void> {
  try {
    await runAdapterCase(one, broken)
  } catch (error) {
    if (isContractBroken(error)) return
    throw error
  }
  throw new ContractBroken(`"${one.title}" accepts ${broken.name}`)
}

function breakAdapter(adapter: AdapterUnderTest, { id, broken }: AdapterMutant): AdapterUnderTest {
  return {
    name: `${adapter.name}, broken: ${id}`,
    traits: adapter.traits,
    start: (service) => broken(adapter, service),
  }
}
