import { describe, expect, it } from 'vitest'
import { ledgerMutant } from '../../../src/testing/mutants.ts'
import { HttpLab, type LabStore } from './http-lab.ts'
import { httpMutant } from './http-mutants.ts'

export type HttpScenario = (lab: HttpLab) => Promise<void>

const stores: readonly LabStore[] = ['memory', 'sqlite']

/**
 * One sentence about the engine, as a test on each store; and for each mutant, of the engine or of the ledger, a test
 * that the very same scenario notices it.
 */
export function sentence(says: string, scenario: HttpScenario, catches: readonly string[] = []): void {
  describe(`http: ${says}`, () => {
    it.each(stores)('on %s', (store) => played(scenario, new HttpLab(store)))
    it.each(catches)('catches the mutant %s', async (id) => {
      const failure = await played(scenario, mutated(id)).then(
        () => undefined,
        (error: unknown) => error,
      )
      const name = failure instanceof Error ? failure.name : 'no failure'
      expect(name, `${id} must be noticed (${String(failure)})`).toBe('AssertionError')
    })
  })
}

/** Makes the function that tests one defect of published libraries, by its number in the list of sixteen. */
export function defect(number: number): typeof sentence {
  return (says, scenario, catches) => sentence(`defect ${number}: ${says}`, scenario, catches)
}

function mutated(id: string): HttpLab {
  const mutant = httpMutant(id)
  return mutant === undefined
    ? new HttpLab('memory', undefined, ledgerMutant(id))
    : new HttpLab('memory', mutant)
}

async function played(scenario: HttpScenario, lab: HttpLab): Promise<void> {
  try {
    await scenario(lab)
  } finally {
    await lab.end()
  }
}
