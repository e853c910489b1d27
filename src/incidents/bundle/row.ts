import type { SourceKind, TimeSpan } from '../model.ts'
import type { FieldName, SourceSpec } from './manifest.ts'

/** A row of any source, under our names. Texts are as they stand in the data; what is not there is absent. */
export interface BundleRow {
  readonly source: string
  /** From 1 in its file; 0 where the source was reduced by SQL and has no order. */
  readonly line: number
  /** How many rows it stands for: above 1 where a large source was sampled. */
  readonly weight: number
  readonly at?: number
  readonly ref?: string
  readonly key?: string
  readonly effect?: string
  readonly payload?: string
  readonly worker?: string
  readonly host?: string
  readonly version?: string
  readonly status?: string
  readonly level?: string
  readonly message?: string
  readonly durationMs?: number
  readonly bytes?: number
  readonly attempt?: number
  readonly segment?: string
  readonly run?: string
  readonly endpoint?: string
  readonly event?: string
  readonly kind?: string
  readonly name?: string
  readonly value?: string
  readonly session?: string
  /** The columns that are mapped to nothing, for what has no payload of its own. */
  readonly rest?: Readonly<Record<string, string>>
  /** Of a log: its template, and what stood in the holes. */
  readonly template?: number
  readonly parameters?: readonly string[]
}

/** Exact counts of a source, also where only some of its rows were kept. */
export interface SourceTotals {
  readonly rows: number
  readonly refs: number
  /** References with more than one row, and the rows beyond the first of each. */
  readonly repeatedRefs: number
  readonly extraRows: number
  /** Rows in each minute since 1970. */
  readonly minutes: ReadonlyMap<number, number>
}

export interface LoadedSource {
  readonly id: string
  readonly kind: SourceKind
  readonly spec: SourceSpec
  /** As in the manifest. */
  readonly path: string
  readonly format: 'jsonl' | 'csv' | 'parquet' | 'text' | 'files'
  /** Our fields and the columns they were read from, guessed ones included. */
  readonly map: Readonly<Partial<Record<FieldName, string>>>
  readonly rows: readonly BundleRow[]
  readonly totals: SourceTotals
  /** Times are known to be of no zone in the data, and were read in the one that `zone` names, or in UTC. */
  readonly rejectedRows: number
  readonly span: TimeSpan | null
  readonly notes: readonly string[]
  /** Of code and configuration. */
  readonly files?: readonly { readonly path: string; readonly text: string }[]
  readonly templates?: readonly string[]
}
