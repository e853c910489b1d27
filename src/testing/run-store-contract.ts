import { StoreBench } from './bench.ts'
import type { ContractCase } from './contract.ts'
import type { StoreTrait, StoreUnderTest } from './place.ts'
import { storeContract } from './store-contract.ts'

/** The two functions that vitest, `node:test`, mocha, jest and others share. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown
  it(title: string, body: () => Promise<void>): unknown
}

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
    for (const contractCase of storeContract) runner.it(contractCase.title, testBody(contractCase, subject))
  })
}

function testBody(contractCase: ContractCase, subject: StoreUnderTest): () => Promise<void> {
  // Rest arguments keep the function's length 0: mocha and jest take a declared parameter for a callback. vitest and
  // node:test pass their context as the first argument, mocha has it as `this`.
  return async function body(this: unknown, ...args: readonly unknown[]): Promise<void> {
    const reason = skipReason(contractCase, subject)
    if (reason === undefined) return runContractCase(contractCase, subject)
    const skippable = [args[0], this].find(canSkip)
    skippable?.skip(reason)
  }
}

/** vitest's context is a function with methods, the others' are objects. */
function canSkip(context: unknown): context is { skip(note: string): void } {
  const isHolder = (typeof context === 'object' && context !== null) || typeof context === 'function'
  return isHolder && 'skip' in context && typeof context.skip === 'function'
}
