import { databaseMutants } from './database.ts'
import { ledgerOnlyMutants } from './ledger.ts'
import type { SimulationMutant } from './mutant.ts'
import { sharedMutants } from './shared.ts'

export type { SimulationMutant } from './mutant.ts'

/** Every mutant that the simulation must catch, by rule. */
export const simulationMutants: readonly SimulationMutant[] = [
  ...sharedMutants,
  ...ledgerOnlyMutants,
  ...databaseMutants,
].toSorted((a, b) => a.rule - b.rule)

export function simulationMutant(id: string): SimulationMutant | undefined {
  return simulationMutants.find((mutant) => mutant.id === id)
}
