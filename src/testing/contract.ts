import type { StoreBench } from './bench.ts'
import type { StoreTrait } from './place.ts'

/** One promise of the Store contract: the title says it, `run` throws a `ContractBroken` where it does not hold. */
export interface ContractCase {
  /** A sentence, unique in the suite: `of 50 concurrent claims of one key exactly one runs`. */
  readonly title: string
  readonly needs?: StoreTrait
  run(bench: StoreBench): Promise<void>
}
