import { isStoreFault } from '../ledger/store.ts'
import { ContractBroken, isContractBroken } from './assert.ts'
import { breakSubject, storeMutants } from './broken-stores.ts'
import type { Mutant } from './broken/wrap.ts'
import type { ContractCase } from './contract.ts'
import type { StoreUnderTest } from './place.ts'
import { runContractCase, skipReason } from './run-store-contract.ts'
import { storeContract } from './store-contract.ts'
import type { TestRunner } from './test-runner.ts'

const cases = new Map(storeContract.map((one) => [one.title, one]))

/**
 * Registers a test for each mutant: your store, broken in one way, must be rejected by the sentences that the mutant
 * names. It shows that the suite can fail with your store and your `create`, which a suite that is green cannot show.
 *
 * Sentences that need a trait which the store lacks are left out. `mutants` is a part of `storeMutants`; default: all.
 */
export function runStoreMutants(
  runner: TestRunner,
  subject: StoreUnderTest,
  mutants: readonly Mutant[] = storeMutants,
): void {
  runner.describe(`store mutants: ${subject.name}`, () => {
    for (const { id, breaks, caughtBy } of mutants) {
      const sentences = caughtBy.map(caseOf).filter((one) => skipReason(one, subject) === undefined)
      if (sentences.length === 0) continue
      runner.it(`${id}: a store that ${breaks}`, async () => {
        for (const sentence of sentences) await rejects(sentence, breakSubject(subject, id))
      })
    }
  })
}

function caseOf(title: string): ContractCase {
  const found = cases.get(title)
  if (found === undefined) throw new TypeError(`There is no sentence "${title}".`)
  return found
}

/** The case must fail by its own judgement, or by the store's saying no; not by a mistake in the mutant. */
async function rejects(contractCase: ContractCase, broken: StoreUnderTest): Promise<void> {
  try {
    await runContractCase(contractCase, broken)
  } catch (error) {
    if (isContractBroken(error) || isStoreFault(error)) return
    throw error
  }
  throw new ContractBroken(`"${contractCase.title}" accepts ${broken.name}`)
}
