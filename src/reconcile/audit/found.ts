import type { Row } from '../sources/source.ts'
import type { Facts } from './facts.ts'

/** A row of a duplicated reference, with the plan's columns. */
export interface PlacedRow {
  readonly cells: Row
  /** Where it stands in the source; NaN where there is no order. */
  readonly position: number
}

/** All rows of one reference that has more than one. */
export interface RefRows {
  readonly ref: readonly string[]
  readonly rows: readonly PlacedRow[]
}

/** What an engine finds: the facts of all rows, and then the rows of the references that come more than once. */
export interface Found {
  readonly facts: Facts
  groups(this: void): AsyncIterable<RefRows>
}
