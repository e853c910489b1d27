import { optionInvalid } from '../kernel/errors.ts'
import type { Store } from '../ledger/store.ts'
import { brokenBatches } from './broken/batch.ts'
import { brokenClaims } from './broken/claim.ts'
import { brokenLineage } from './broken/lineage.ts'
import { brokenLists } from './broken/list.ts'
import { brokenPurges } from './broken/purge.ts'
import { brokenEpochs, brokenRecalls } from './broken/recall.ts'
import { brokenRecords } from './broken/records.ts'
import { brokenRenewals } from './broken/renew.ts'
import { brokenResolves } from './broken/resolve.ts'
import { brokenSettles } from './broken/settle.ts'
import { brokenSteps } from './broken/steps.ts'
import { brokenTakeovers } from './broken/takeover.ts'
import { brokenTransactions } from './broken/transaction.ts'
import { brokenTwins } from './broken/twins.ts'
import { brokenValues } from './broken/values.ts'
import { delegate, type Mutant, type Notes } from './broken/wrap.ts'
import type { StoreUnderTest } from './place.ts'

/**
 * One broken store, or several, for each sentence of the contract: each does one thing wrong. A suite that accepts one
 * of them cannot fail.
 */
export const storeMutants: readonly Mutant[] = [
  ...brokenLineage,
  ...brokenEpochs,
  ...brokenRecalls,
  ...brokenClaims,
  ...brokenTakeovers,
  ...brokenSettles,
  ...brokenSteps,
  ...brokenRenewals,
  ...brokenResolves,
  ...brokenBatches,
  ...brokenValues,
  ...brokenLists,
  ...brokenTwins,
  ...brokenPurges,
  ...brokenRecords,
  ...brokenTransactions,
]

/**
 * Breaks one promise of a good store. Handles that share data share `notes` too, so that they are broken together.
 * Throws `OPTION_INVALID` for an id that is not in `storeMutants`.
 */
export function breakStore(store: Store, id: string, notes: Notes = new Map()): Store {
  const mutant = storeMutants.find((one) => one.id === id)
  if (mutant === undefined) throw optionInvalid('id', 'the id of a mutant in storeMutants', id)
  const good = delegate(store)
  return { ...good, ...mutant.broken(good, notes) }
}

/** A good store under test with one promise broken, for the suite to reject. */
export function breakSubject(subject: StoreUnderTest, id: string): StoreUnderTest {
  return {
    name: `${subject.name}, broken: ${id}`,
    traits: subject.traits,
    create: async () => {
      const place = await subject.create()
      const notes: Notes = new Map()
      return { ...place, connect: async () => breakStore(await place.connect(), id, notes) }
    },
  }
}
