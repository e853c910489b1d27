import type { Decisions } from './decisions.ts'
import type { Facts } from './facts.ts'
import type { Tally } from './tally.ts'

/** What patterns are read off. */
export interface Seen {
  readonly tally: Tally
  readonly facts: Facts
  /** References of all rows. */
  readonly refs: number
  readonly decisions: Decisions
  readonly known: readonly (readonly [string, number])[]
}
