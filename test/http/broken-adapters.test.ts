import { describe, expect, it } from 'vitest'
import { adapterContract, isContractBroken, runAdapterCase } from '../../src/testing/index.ts'
import { brokenAdapters } from './support/broken-adapters.ts'

describe.each(brokenAdapters)('an adapter that $breaks', ({ caughtBy, adapter }) => {
  it.each(caughtBy)('is rejected by: %s', async (title) => {
    const one = adapterContract.find((candidate) => candidate.title === title)
    if (one === undefined) throw new TypeError(`There is no sentence "${title}".`)
    const failure = await runAdapterCase(one, adapter).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(isContractBroken(failure), String(failure)).toBe(true)
  })
})

it('every sentence of the contract rejects some broken adapter', () => {
  const caught = new Set(brokenAdapters.flatMap(({ caughtBy }) => caughtBy))
  expect(adapterContract.map(({ title }) => title).filter((title) => !caught.has(title))).toEqual([])
})
