import type { Cell } from '../cells.ts'
import type { Measurement, Window } from '../load.ts'
import type { ProductForm } from '../product.ts'

/** What a contender gets to work with. */
export interface Setting {
  readonly form: ProductForm
  /** A folder of its own, on the disk that is measured. */
  readonly directory: string
  /** Where the PostgreSQL server is, for the group that needs one. */
  readonly postgresUrl?: string
}

/** Somebody who can be measured, in a process of its own. */
export interface Contender {
  /** Measures one round of a cell, from an empty table. */
  measure(cell: Cell, window: Window & { readonly poolSize?: number }): Promise<Measurement>
  close(): Promise<void>
}

/** How many settled entries replays go round. */
export const replayEntries = 5_000
