import type { ColumnType, Engine, Rejected } from '../sources/source.ts'

/* What an audit says. The shape is fixed (docs/reference/json.md); fields may be added. */

export type KeyRelation = 'same' | 'different' | 'none' | 'mixed'
export type PayloadRelation = 'same' | 'different'

/**
 * How sure it is that a group is one wish carried out several times. `unclear` groups look like several wishes, and are
 * not counted as duplicates: a false accusation is worse than a miss.
 */
export const certainties = ['sure', 'likely', 'possible', 'unclear'] as const
export type Certainty = (typeof certainties)[number]

export interface DuplicateGroup {
  /** The reference; of several columns, the list of their values. */
  readonly ref: string | readonly string[]
  /** Effects, not rows: rows with one effect id are one effect. */
  readonly count: number
  /** RFC 3339. Missing where times have no zone. */
  readonly firstAt?: string
  readonly lastAt?: string
  /** Between one effect and the next; of several gaps, the median. */
  readonly gapMs?: number
  readonly keyRelation: KeyRelation
  readonly payload: PayloadRelation
  readonly workers?: number
  readonly certainty: Certainty
  /** Why it is taken for what it is. */
  readonly reason: string
  /** Columns of the payload that are not equal. */
  readonly differs?: readonly string[]
  /** Minor units of all effects but the first. */
  readonly extraAmount?: number
}

export const patternKinds = [
  'fixed-interval',
  'millisecond-race',
  'every-item-twice',
  'segment-contiguous',
  'key-per-attempt',
  'timestamp-in-key',
  'same-key',
  'clock-change',
  'known-gap',
] as const
export type PatternKind = (typeof patternKinds)[number]

export interface Pattern {
  readonly kind: PatternKind
  /** Of the duplicated references, from 0 to 1. */
  readonly share: number
  readonly detail: string
}

export interface AuditColumn {
  readonly name: string
  readonly type: ColumnType
  readonly role?: Role
  /** Not part of the payload. */
  readonly isIgnored?: boolean
}

export const roles = ['ref', 'effect', 'key', 'at', 'amount', 'worker', 'segment'] as const
export type Role = (typeof roles)[number]

export interface UnclearGroups {
  readonly refs: number
  /** Effects beyond the first of each. */
  readonly rows: number
  readonly amount?: number
  readonly reasons: readonly { readonly why: string; readonly refs: number }[]
}

export interface AuditReport {
  readonly source: string
  readonly engine: Engine
  readonly reading: string
  /** Rows that have a reference. */
  readonly rows: number
  readonly refs: number
  readonly duplicateRefs: number
  readonly extraRows: number
  readonly extraAmount?: number
  readonly window: { readonly from: string; readonly to: string } | null
  readonly groups: readonly DuplicateGroup[]
  readonly patterns: readonly Pattern[]
  readonly certainty: { readonly sure: number; readonly likely: number; readonly possible: number }
  /** More than one effect, but of different wishes, as it seems. */
  readonly unclear: UnclearGroups
  /** Rows that list an effect again which another row lists. */
  readonly repeatedRows: number
  readonly withoutRef: number
  readonly rejectedRows: number
  readonly rejected: readonly Rejected[]
  /** How many references have a gap below `belowMs` (null: any longer one). */
  readonly gaps: readonly { readonly belowMs: number | null; readonly refs: number }[]
  readonly multiplicity: readonly { readonly count: number; readonly refs: number }[]
  readonly columns: readonly AuditColumn[]
  /** Roles that were guessed from the names of columns, as `ref: order_ref`. */
  readonly guessed: readonly { readonly role: Role; readonly column: string }[]
  readonly baseline?: { readonly source: string; readonly rows: number; readonly changeShare: number | null }
  readonly minorDigits: number
  readonly notes: readonly string[]
  readonly durationMs: number
}
