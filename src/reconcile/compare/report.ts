import type { Cell, Rejected } from '../sources/source.ts'
import type { Cardinality, Verdict } from './decisions.ts'

/** A key with what is on either side. `matched` ones are only counted. */
export interface Difference {
  readonly kind: Exclude<Verdict, 'matched'>
  /** One value, or a list where the key is composed. */
  readonly key: string | readonly string[]
  /** Rows of the key. */
  readonly left: number
  readonly right: number
  /** Of the first row of each side, where the columns of times are named. As they stand in the data. */
  readonly leftAt?: string
  readonly rightAt?: string
  /** Of a mismatch: the columns that do not agree, by their names on the left. */
  readonly differs?: readonly { readonly column: string; readonly left: Cell; readonly right: Cell }[]
}

/** Of `reconcile`; `onceward reconcile --json` prints it. All counts but `rows` are keys. */
export interface ReconcileReport {
  readonly left: SideReport
  readonly right: SideReport
  /** Every key counts once, as one of these. */
  readonly matched: number
  /** Left only. */
  readonly missing: number
  /** Right only. */
  readonly extra: number
  /** One row left, several right. */
  readonly duplicated: number
  /** Several rows left, and another number of them right. */
  readonly uneven: number
  readonly mismatched: number
  /** On one side only, but inside the grace. */
  readonly pending: number
  /** Every key once, whatever its age and its values. */
  readonly cardinality: Readonly<Record<Cardinality, number>>
  readonly samples: Readonly<Record<Difference['kind'], readonly Difference[]>>
  /** Nothing differs, and every row could be read and has a key. What is pending leaves it clean. */
  readonly clean: boolean
  /** Which engine joined them. */
  readonly engine: 'node' | 'duckdb' | 'postgres'
  readonly on: readonly string[]
  readonly compared: readonly string[]
  /** What the grace is reckoned from. Null without one. */
  readonly asOf: string | null
  readonly graceMs?: number
  readonly notes: readonly string[]
  readonly durationMs: number
}

export interface SideReport {
  readonly source: string
  readonly reading: string
  readonly rows: number
  readonly keys: number
  /** Rows without a key, or with a part of one: they cannot be compared. */
  readonly withoutKey: number
  readonly rejectedRows: number
  /** The first hundred rows that could not be read. */
  readonly rejected: readonly Rejected[]
  /** The youngest time, where its column is named. */
  readonly watermark: string | null
}
