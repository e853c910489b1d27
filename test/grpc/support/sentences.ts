import { describe, expect, it } from 'vitest'
import { GrpcBench, libraries, type Library } from './bench.ts'
import { grpcMutants } from './mutants.ts'

export type GrpcScenario = (bench: GrpcBench) => Promise<void>

interface Of {
  readonly catches?: readonly string[]
  /** Default: all. Mutants are played on the first. */
  readonly on?: readonly Library[]
}

/** One sentence, as a test with each library; and for each mutant, a test that the very same scenario notices it. */
export function sentence(
  says: string,
  scenario: GrpcScenario,
  { catches = [], on = libraries }: Of = {},
): void {
  describe(`grpc: ${says}`, () => {
    it.each(on)('with %s', (library) => played(scenario, new GrpcBench(library)))
    it.each(catches)('catches the mutant %s', async (id) => {
      const mutant = grpcMutants[id]
      if (mutant === undefined) throw new Error(`there is no mutant ${id}`)
      const failure = await played(scenario, new GrpcBench(on[0] ?? 'grpc-js', mutant)).then(
        () => undefined,
        (error: unknown) => error,
      )
      const name = failure instanceof Error ? failure.name : 'no failure'
      expect(name, `${id} must be noticed (${String(failure)})`).toBe('AssertionError')
    })
  })
}

async function played(scenario: GrpcScenario, bench: GrpcBench): Promise<void> {
  try {
    await scenario(bench)
  } finally {
    await bench.end()
  }
}
