import { describe, expect, it } from 'vitest'
import { isStoreFault } from '../../src/ledger/store.ts'
import {
  breakSubject,
  type ContractCase,
  isContractBroken,
  runContractCase,
  skipReason,
  storeContract,
  storeMutants,
} from '../../src/testing/index.ts'
import { memoryUnderTest, sqliteUnderTest } from './subjects.ts'

const casesByTitle = new Map(storeContract.map((one) => [one.title, one]))

describe('the store contract can fail', () => {
  it('has titles and mutants that are told apart', () => {
    expect(casesByTitle.size).toBe(storeContract.length)
    expect(new Set(storeMutants.map((mutant) => mutant.id)).size).toBe(storeMutants.length)
  })

  it('has a mutant for each sentence', () => {
    const caught = new Set(storeMutants.flatMap((mutant) => mutant.caughtBy))
    expect(storeContract.map((one) => one.title).filter((title) => !caught.has(title))).toEqual([])
  })

  for (const mutant of storeMutants) {
    it(`rejects ${mutant.id}: a store that ${mutant.breaks}`, async () => {
      expect(mutant.caughtBy).not.toEqual([])
      for (const title of mutant.caughtBy) {
        const contractCase = casesByTitle.get(title)
        expect(contractCase, `a case with the title "${title}"`).toBeDefined()
        if (contractCase !== undefined) await rejects(contractCase, mutant.id)
      }
    })
  }
})

/** The case must fail by its own judgement, or by the store's saying no; not by a mistake in the mutant. */
async function rejects(contractCase: ContractCase, id: string): Promise<void> {
  const good = skipReason(contractCase, memoryUnderTest) === undefined ? memoryUnderTest : sqliteUnderTest
  const failure: unknown = await runContractCase(contractCase, breakSubject(good, id)).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure, `"${contractCase.title}" rejects ${id}`).toBeDefined()
  if (!isContractBroken(failure) && !isStoreFault(failure)) throw failure
}
