import { randomBytes } from 'node:crypto'
import type { Mutation } from '../../src/drills/settings.ts'
import type { Entry } from '../../src/ledger/entry.ts'
import type { ClaimRequest, ClaimResult, Reply, SettleResult, Store } from '../../src/ledger/store.ts'
import { claimRow } from '../../src/ledger/transitions.ts'
import { ledgerMutants } from '../../src/testing/mutants.ts'
import { mutations as crashMutations } from '../crash/mutations.ts'

/** Rule 4 broken: each try of a claim has another token, so that what became of the one before is not recognised. */
function forgetsItsToken(store: Store): Store {
  const another = (request: ClaimRequest): ClaimRequest => ({
    ...request,
    owner: randomBytes(16).toString('base64url'),
  })
  return { ...store, claim: (requests, lineage) => store.claim(requests.map(another), lineage) }
}

/** Check, then act: what is free a moment ago is taken for free now. */
function checksThenActs(store: Store): Store {
  return {
    ...store,
    claim: async (requests, lineage) => {
      const { results: found } = await store.read(requests.map(({ ref }) => ref))
      await new Promise((resolve) => setTimeout(resolve, 60))
      const { nowMs, results } = await store.claim(requests, lineage)
      const taken = requests.map((request, index): ClaimResult => {
        const result = results[index] ?? { kind: 'gone' }
        if (found[index] !== undefined || result.kind === 'claimed') return result
        return claimRow(undefined, request, { nowMs, epoch: 1 })
      })
      return { nowMs, results: taken }
    },
  }
}

/** Rule 4 broken: a commit whose wait for the standby was cancelled is taken for one that lasts, because it can be seen. */
function ignoresNotices(store: Store): Store {
  const visible = async (error: unknown, refs: readonly string[]): Promise<Reply<Entry | undefined>> => {
    if (!(error instanceof Error) || !error.message.includes('standby was cancelled')) throw error
    return store.read(refs)
  }
  return {
    ...store,
    claim: (requests, lineage) =>
      store.claim(requests, lineage).catch(async (error: unknown) => {
        const seen = await visible(
          error,
          requests.map(({ ref }) => ref),
        )
        const results = seen.results.map(
          (entry): ClaimResult => (entry === undefined ? { kind: 'gone' } : { kind: 'claimed', entry }),
        )
        return { nowMs: seen.nowMs, results }
      }),
    settle: (requests, lineage) =>
      store.settle(requests, lineage).catch(async (error: unknown) => {
        const seen = await visible(
          error,
          requests.map(({ ref }) => ref),
        )
        const results = seen.results.map(
          (entry): SettleResult =>
            entry === undefined ? { kind: 'stale', entry } : { kind: 'settled', entry },
        )
        return { nowMs: seen.nowMs, results }
      }),
  }
}

/** What the drills must find, each by the drill that the tests name. */
export const mutations: Readonly<Record<string, Mutation>> = {
  ...crashMutations,
  ...Object.fromEntries(ledgerMutants.map((mutant) => [mutant.id, mutant])),
  'claims-are-not-recognised': { store: forgetsItsToken },
  'checks-then-acts': { store: checksThenActs },
  'notices-are-ignored': { store: ignoresNotices },
  'unknown-counts-as-done': {
    rules: (standard) => ({
      settlement: (entry, ending, operation) =>
        ending.kind === 'unknown'
          ? { to: 'succeeded', round: entry.round, earlierUnknown: false, endsLease: false }
          : standard.settlement(entry, ending, operation),
    }),
  },
}
