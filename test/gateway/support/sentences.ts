import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gatewayRules } from '../../../src/gateway/decisions.ts'
import { GatewayLab } from './lab.ts'
import { gatewayMutants } from './mutants.ts'
import { Upstream } from './upstream.ts'

export type GatewayScenario = (lab: GatewayLab) => Promise<void>

/** The service that all sentences of one file share. */
export function useUpstream(): () => Upstream {
  let upstream: Upstream
  beforeAll(async () => {
    upstream = await Upstream.start()
  })
  afterAll(() => upstream.end())
  return () => upstream
}

/** One sentence about the gateway; and for each mutant, a test that the very same scenario notices it. */
export function sentences(upstream: () => Upstream) {
  return (says: string, scenario: GatewayScenario, catches: readonly string[] = []): void => {
    describe(`gateway: ${says}`, () => {
      it('holds', () => played(scenario, new GatewayLab(upstream())))
      it.each(catches)('catches the mutant %s', async (id) => {
        const mutant = gatewayMutants[id]
        if (mutant === undefined) throw new Error(`there is no mutant ${id}`)
        const failure = await played(scenario, new GatewayLab(upstream(), mutant.rules(gatewayRules))).then(
          () => undefined,
          (error: unknown) => error,
        )
        const name = failure instanceof Error ? failure.name : 'no failure'
        expect(name, `${id} must be noticed (${String(failure)})`).toBe('AssertionError')
      })
    })
  }
}

async function played(scenario: GatewayScenario, lab: GatewayLab): Promise<void> {
  try {
    await scenario(lab)
  } finally {
    await lab.end()
  }
}
