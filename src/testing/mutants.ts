import { decisionMutants } from './mutants/decisions.ts'
import type { LedgerMutant } from './mutants/mutant.ts'
import { runtimeMutants } from './mutants/runtimes.ts'
import { storeMutants } from './mutants/stores.ts'

export type { LedgerMutant } from './mutants/mutant.ts'

/** Every mutant of the ledger, by rule. */
export const ledgerMutants: readonly LedgerMutant[] = [
  ...decisionMutants,
  ...storeMutants,
  ...runtimeMutants,
].toSorted((a, b) => a.rule - b.rule)

/** Throws for an id that no mutant has. */
export function ledgerMutant(id: string): LedgerMutant {
  const found = ledgerMutants.find((mutant) => mutant.id === id)
  if (found === undefined) throw new TypeError(`There is no mutant "${id}".`)
  return found
}
