import { StoreBench } from './bench.ts'
import type { ContractCase } from './contract.ts'
import type { StoreTrait, StoreUnderTest } from './place.ts'
import { storeContract } from './store-contract.ts'
import { type TestRunner, testBody } from './test-runner.ts'

const missing: Readonly<Record<StoreTrait, string>> = {
  shared: 'this store has one handle at a time',
  durable: 'this store forgets everything when it is closed',
  transactions: 'this store has no transactions with the caller',
}

/** Runs one case on a fresh place. Rejects with `ContractBroken` when the store breaks the promise. */
export async function runContractCase(contractCase: ContractCase, subject: StoreUnderTest): Promise<void> {
  const bench = await StoreBench.open(subject)
  try {
    await contractCase.run(bench)
  } finally {
    await bench.end()
  }
}

/** Why a case does not apply to a store; `undefined` when it does. */
export function skipReason(contractCase: ContractCase, subject: StoreUnderTest): string | undefined {
  const { needs } = contractCase
  return needs === undefined || subject.traits.includes(needs) ? undefined : missing[needs]
}

/**
 * Registers the whole store contract with a test runner, one test per promise.
 *
 * ```ts
 * import { describe, it } from 'vitest' // or node:test, mocha, jest
 * import { runStoreContract } from 'onceward/testing'
 *
 * runStoreContract({ describe, it }, {
 *   name: 'my store',
 *   traits: ['shared', 'durable'],
 *   create: async () => {
 *     const folder = await mkdtemp(join(tmpdir(), 'my-store-'))
 *     return { connect: () => myStore({ folder }), destroy: () => rm(folder, { recursive: true }) }
 *   },
 * })
 * ```
 *
 * A case that needs a trait the store lacks is skipped and says why.
 */
export function runStoreContract(runner: TestRunner, subject: StoreUnderTest): void {
  runner.describe(`store contract: ${subject.name}`, () => {
    for (const contractCase of storeContract) {
      const reason = skipReason(contractCase, subject)
      runner.it(
        contractCase.title,
        testBody(reason, () => runContractCase(contractCase, subject)),
      )
    }
  })
}
