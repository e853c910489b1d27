import { describe, expect, it } from 'vitest'
import { outboundRules } from '../../../src/outbound/decisions.ts'
import { OutboundLab } from './lab.ts'
import { outboundMutants } from './mutants.ts'
import { Peer } from './peer.ts'

export type OutboundScenario = (lab: OutboundLab) => Promise<void>

/** One sentence about the client; and for each mutant, a test that the very same scenario notices it. */
export function sentence(says: string, scenario: OutboundScenario, catches: readonly string[] = []): void {
  describe(`outbound: ${says}`, () => {
    it('holds', async () => played(scenario, new OutboundLab(await Peer.start())))
    it.each(catches)('catches the mutant %s', async (id) => {
      const mutant = outboundMutants[id]
      if (mutant === undefined) throw new Error(`there is no mutant ${id}`)
      const lab = new OutboundLab(await Peer.start(), mutant.rules(outboundRules))
      const failure = await played(scenario, lab).then(
        () => undefined,
        (error: unknown) => error,
      )
      const name = failure instanceof Error ? failure.name : 'no failure'
      expect(name, `${id} must be noticed (${String(failure)})`).toBe('AssertionError')
    })
  })
}

async function played(scenario: OutboundScenario, lab: OutboundLab): Promise<void> {
  try {
    await scenario(lab)
  } finally {
    await lab.end()
  }
}
