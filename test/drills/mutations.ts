import { randomBytes } from 'node:crypto'
import type { Mutation } from '../../src/drills/settings.ts'
import type { ClaimRequest, ClaimResult, Store } from '../../src/ledger/store.ts'
import { claimRow } from '../../src/ledger/transitions.ts'
import { ledgerMutants } from '../../src/testing/mutants.ts'
import { mutations as crashMutations } from '../crash/mutations.ts'

/** Rule 4 broken: each try of a claim has another token, so that what became of the one before is not recognised. */
function forgetsItsToken(store: Store): Store {
  const another = (request: ClaimRequest): ClaimRequest => ({
    ...request,
    owner: randomBytes(16).toString('base64url'),
  })
  return { ...store, claim: (requests) => store.claim(requests.map(another)) }
}

/** Check, then act: what is free a moment ago is taken for free now. */
function checksThenActs(store: Store): Store {
  return {
    ...store,
    claim: async (requests) => {
      const { results: found } = await store.read(requests.map(({ ref }) => ref))
      await new Promise((resolve) => setTimeout(resolve, 60))
      const { nowMs, results } = await store.claim(requests)
      const taken = requests.map((request, index): ClaimResult => {
        const result = results[index] ?? { kind: 'gone' }
        if (found[index] !== undefined || result.kind === 'claimed') return result
        return claimRow(undefined, request, { nowMs, epoch: 1 })
      })
      return { nowMs, results: taken }
    },
  }
}

/** What the drills must find, each by the drill that the tests name. */
export const mutations: Readonly<Record<string, Mutation>> = {
  ...crashMutations,
  ...Object.fromEntries(ledgerMutants.map((mutant) => [mutant.id, mutant])),
  'claims-are-not-recognised': { store: forgetsItsToken },
  'checks-then-acts': { store: checksThenActs },
  'unknown-counts-as-done': {
    rules: (standard) => ({
      settlement: (entry, ending, operation) =>
        ending.kind === 'unknown'
          ? { to: 'succeeded', round: entry.round, earlierUnknown: false, endsLease: false }
          : standard.settlement(entry, ending, operation),
    }),
  },
}
