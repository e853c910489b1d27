import type { Store } from '../../ledger/store.ts'
import { type TestRunner, testBody } from '../test-runner.ts'
import type { AdapterTrait, AdapterUnderTest } from './adapter.ts'
import { AdapterBench } from './bench.ts'
import { bodyCases } from './cases/bodies.ts'
import { concurrencyCases } from './cases/concurrency.ts'
import { faultCases } from './cases/faults.ts'
import { leavingCases } from './cases/leaving.ts'
import { keyCases } from './cases/keys.ts'
import { replayCases } from './cases/replays.ts'
import type { AdapterCase } from './contract.ts'

/** Every promise of an HTTP adapter. */
export const adapterContract: readonly AdapterCase[] = [
  ...replayCases,
  ...keyCases,
  ...concurrencyCases,
  ...bodyCases,
  ...faultCases,
  ...leavingCases,
]

const missing: Readonly<Record<AdapterTrait, string>> = {
  'sees-throws': 'this framework answers for a handler that threw, and does not tell',
  'knows-templates': 'this framework does not know the template of a route when the request is guarded',
  'sees-late-answers': 'this framework drops what a handler answers when another answer has been given',
  'reads-on': 'this framework closes the stream of an answer with the connection',
  streams: 'handlers of this framework do not answer with streams',
}

/** Runs one case on an empty store, by default in memory. Rejects with `ContractBroken` when the promise is broken. */
export async function runAdapterCase(
  adapterCase: AdapterCase,
  adapter: AdapterUnderTest,
  store?: Store,
): Promise<void> {
  const bench = new AdapterBench(adapter, store)
  try {
    await adapterCase.run(bench)
  } finally {
    await bench.end()
  }
}

export interface AdapterContractOptions {
  /** Makes the empty store of a case; the contract closes it. Default: in memory. */
  readonly openStore?: () => Store | Promise<Store>
  /** Told in the title of the suite: the store's name, say. */
  readonly on?: string
}

/**
 * Registers the whole contract of HTTP adapters with a test runner, one test per promise, each with a service of its own
 * on a real socket. A case that needs a trait which the adapter lacks is skipped and says why.
 */
export function runAdapterContract(
  runner: TestRunner,
  adapter: AdapterUnderTest,
  { openStore, on }: AdapterContractOptions = {},
): void {
  runner.describe(`adapter contract: ${adapter.name}${on === undefined ? '' : `, on ${on}`}`, () => {
    for (const one of adapterContract) {
      const { needs } = one
      const reason = needs === undefined || adapter.traits.includes(needs) ? undefined : missing[needs]
      runner.it(
        one.title,
        testBody(reason, async () => {
          const store = await openStore?.()
          try {
            await runAdapterCase(one, adapter, store)
          } finally {
            await store?.close()
          }
        }),
      )
    }
  })
}
