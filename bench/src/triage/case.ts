import type { Domain } from './domain.ts'
import type { FieldName, SourceSpec } from '../../../src/incidents/bundle/manifest.ts'

/** What a cell holds before it is written in some format. */
export type Cell = string | number | boolean | null | Readonly<Record<string, unknown>>

/**
 * A row under our names of fields; any other name is a column of the service's own and is mapped to nothing. What is
 * undefined has no cell.
 */
export type Row = { readonly at: number } & {
  readonly [field in Exclude<FieldName, 'at'>]?: Cell | undefined
} & { readonly [column: string]: Cell | undefined }

export type SourceKind = SourceSpec['kind']

export interface CaseSource {
  readonly kind: SourceKind
  /** In words; a case with opaque ids calls the file something else. */
  readonly name: string
  /** Without it nobody could tell this cause: it is never left out. */
  readonly isEssential: boolean
  readonly format: 'csv' | 'jsonl' | 'text'
  readonly rows: readonly Row[]
  /** Of configuration and code: a file as it stands, with its ending. */
  readonly file?: { readonly ending: string; readonly text: string }
  /** Of its lines so many are cut or garbled. */
  readonly brokenShare?: number
}

export type ChangeKind = 'deploy' | 'flag' | 'config' | 'migration' | 'scale'

export interface Change {
  readonly at: number
  readonly kind: ChangeKind
  /** Names are swapped among changes in the second rendering: nothing may follow from them. */
  readonly name: string
  /** Says what was changed; must not repeat the name. */
  readonly message?: string
  readonly version?: string
  readonly host?: string
}

/** A whole incident, before it is written. */
export interface Case {
  readonly cause: string
  readonly variant: string
  readonly seed: number
  readonly isOpaque: boolean
  readonly id: string
  readonly title: string
  readonly summary?: string
  readonly service: string
  readonly domain: Domain
  readonly window: { readonly fromMs: number; readonly toMs: number }
  readonly onsetMs: number
  readonly known: Readonly<Record<string, number | readonly number[]>>
  /** All but changes and alerts. */
  readonly sources: readonly CaseSource[]
  /** Undefined: nobody supplied a list of them. */
  readonly changes?: readonly Change[]
}
