import { describe, expect, it } from 'vitest'
import { runStoreMutants, storeContract, storeMutants } from '../../src/testing/index.ts'
import { memoryUnderTest, sqliteUnderTest } from './subjects.ts'

describe('the store contract can fail', () => {
  it('has titles and mutants that are told apart', () => {
    expect(new Set(storeContract.map(({ title }) => title)).size).toBe(storeContract.length)
    expect(new Set(storeMutants.map(({ id }) => id)).size).toBe(storeMutants.length)
  })

  it('has a mutant for each sentence', () => {
    const caught = new Set(storeMutants.flatMap((mutant) => mutant.caughtBy))
    expect(storeContract.map((one) => one.title).filter((title) => !caught.has(title))).toEqual([])
  })

  it('has a sentence for each mutant, by its title', () => {
    const titles = new Set(storeContract.map((one) => one.title))
    const unknown = storeMutants.flatMap(({ id, caughtBy }) =>
      caughtBy.length === 0 ? [id] : caughtBy.filter((title) => !titles.has(title)),
    )
    expect(unknown).toEqual([])
  })
})

runStoreMutants({ describe, it }, memoryUnderTest)

/** The reference has no transactions. */
const transactional = new Set(
  storeContract.filter(({ needs }) => needs === 'transactions').map(({ title }) => title),
)
runStoreMutants(
  { describe, it },
  sqliteUnderTest,
  storeMutants.filter(({ caughtBy }) => caughtBy.some((title) => transactional.has(title))),
)
