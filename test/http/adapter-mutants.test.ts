import { describe, expect, it } from 'vitest'
import { adapterContract, adapterMutants, runAdapterMutants } from '../../src/testing/index.ts'
import { fastifyAdapter } from './adapters/fastify.ts'

describe('the contract of adapters can fail', () => {
  it('has titles and mutants that are told apart', () => {
    expect(new Set(adapterContract.map(({ title }) => title)).size).toBe(adapterContract.length)
    expect(new Set(adapterMutants.map(({ id }) => id)).size).toBe(adapterMutants.length)
  })

  it('has a mutant for each sentence, and a sentence for each mutant', () => {
    const titles = adapterContract.map(({ title }) => title)
    const caught = adapterMutants.flatMap(({ caughtBy }) => caughtBy)
    expect(titles.filter((title) => !caught.includes(title))).toEqual([])
    expect(caught.filter((title) => !titles.includes(title))).toEqual([])
    expect(adapterMutants.filter(({ caughtBy }) => caughtBy.length === 0)).toEqual([])
  })
})

// It knows templates, streams, sees what is thrown, and what is answered late: every sentence is for it.
runAdapterMutants({ describe, it }, fastifyAdapter)
