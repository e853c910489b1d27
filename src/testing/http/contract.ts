import type { AdapterTrait } from './adapter.ts'
import type { AdapterBench } from './bench.ts'

/** One promise of an adapter: the title says it, `run` throws a `ContractBroken` where it does not hold. */
export interface AdapterCase {
  /** A sentence, unique in the suite. */
  readonly title: string
  readonly needs?: AdapterTrait
  run(bench: AdapterBench): Promise<void>
}
