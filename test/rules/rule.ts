import { expect, it } from 'vitest'
import { type MemoryData, memoryData } from '../../src/stores/memory/index.ts'
import { type LedgerMutant, ledgerMutant } from '../../src/testing/mutants.ts'
import { Lab } from '../support/lab.ts'

export type Scenario = (lab: Lab) => Promise<void>

/**
 * Makes the function that tests one rule of DESIGN.md section 2. Each call is one sentence about it, as a test; and
 * for each mutant it is to catch, a test that it does: with that one decision broken, the very same scenario fails.
 */
export function ruleTests(
  number: number,
  data: () => MemoryData = memoryData,
): (sentence: string, scenario: Scenario, catches?: readonly string[]) => void {
  return (sentence, scenario, catches = []) => {
    it(`rule ${number}: ${sentence}`, () => played(scenario, new Lab(undefined, data())))
    it.each(catches)(`rule ${number}: ${sentence} (catches the mutant %s)`, (id) =>
      expectCaught(ledgerMutant(id), scenario, data()),
    )
  }
}

/** The scenario must fail under the mutant, by one of its own expectations. */
export async function expectCaught(
  mutant: LedgerMutant,
  scenario: Scenario,
  data: MemoryData = memoryData(),
): Promise<void> {
  const failure = await played(scenario, new Lab(mutant, data)).then(
    () => undefined,
    (error: unknown) => error,
  )
  const name = failure instanceof Error ? failure.name : 'no failure'
  expect(name, `a ledger that ${mutant.breaks} must be noticed (${String(failure)})`).toBe('AssertionError')
}

async function played(scenario: Scenario, lab: Lab): Promise<void> {
  try {
    await scenario(lab)
  } finally {
    lab.end()
  }
}
