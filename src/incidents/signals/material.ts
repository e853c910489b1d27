import { identifier, literal } from '../../reconcile/sources/sql.ts'
import type { Bundle } from '../bundle/bundle.ts'
import type { FieldName } from '../bundle/manifest.ts'
import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import { textTable } from '../bundle/text-table.ts'
import type { SignalValue, SourceKind, TimeSpan } from '../model.ts'
import { type Decisions, decisions as ours } from './decisions.ts'
import { type Groups, groupsOf } from './groups.ts'
import { type Losses, lossesOf } from './losses-of.ts'
import { type Onset, onsetOf } from './onset.ts'

/** What a statement rests on, before it has its id. */
export interface Found {
  readonly source: string
  readonly statement: string
  readonly query: string
}

/** What a measure says of its signal. */
export interface Measured {
  readonly value: SignalValue
  readonly statement: string
  readonly found?: readonly Found[]
  readonly numbers?: Readonly<Record<string, number>>
  readonly names?: readonly string[]
}

export type Measure = (material: Material) => Measured
export type Measures = Readonly<Record<string, Measure>>

/** All that signals are measured on. */
export interface Material {
  readonly bundle: Bundle
  readonly window: TimeSpan
  readonly decisions: Decisions
  readonly sources: readonly LoadedSource[]
  readonly groups: Groups
  readonly losses: Losses
  readonly onset: Onset | undefined
  of(this: void, ...kinds: readonly SourceKind[]): readonly LoadedSource[]
  rows(this: void, ...kinds: readonly SourceKind[]): readonly BundleRow[]
  hasField(this: void, field: FieldName, ...kinds: readonly SourceKind[]): boolean
  covers(this: void, kind: SourceKind): boolean
  /** Constants by their names, as a list each. */
  known(this: void, name: string): readonly number[]
  /** Rows of logs, processes, alerts and changes whose text matches. */
  said(this: void, pattern: RegExp, ...kinds: readonly SourceKind[]): readonly BundleRow[]
}

export function materialOf(bundle: Bundle, decisions: Decisions = ours): Material {
  const { sources, manifest } = bundle
  const of = (...kinds: readonly SourceKind[]): readonly LoadedSource[] =>
    sources.filter(({ kind }) => kinds.includes(kind))
  const kept = new Map<string, readonly BundleRow[]>()
  const rows = (...kinds: readonly SourceKind[]): readonly BundleRow[] => {
    const key = kinds.join()
    const all = kept.get(key) ?? of(...kinds).flatMap((source) => source.rows)
    kept.set(key, all)
    return all
  }
  const groups = groupsOf(sources)
  const losses = lossesOf(sources, manifest.window)
  const material = {
    bundle,
    window: manifest.window,
    decisions,
    sources,
    groups,
    losses,
    onset: onsetOf(sources, { window: manifest.window, groups, losses }),
    of,
    rows,
    hasField: (field: FieldName, ...kinds: readonly SourceKind[]) =>
      of(...kinds).some(({ map, rows: inSource }) => map[field] !== undefined || hasIn(inSource, field)),
    covers: (kind: SourceKind) => of(kind).some((source) => coversWindow(source, manifest.window)),
    known: (name: string) => {
      const value = bundle.known[name]
      return value === undefined ? [] : typeof value === 'number' ? [value] : value
    },
    said: (pattern: RegExp, ...kinds: readonly SourceKind[]) =>
      rows(...kinds).filter((row) => pattern.test(textOf(row))),
  }
  return material
}

/** A log's fields stand in its messages. */
function hasIn(rows: readonly BundleRow[], field: FieldName): boolean {
  return rows.some((row) => row.message !== undefined && field in row && field !== 'message')
}

/** Lists that somebody exported whole; of the others their rows show how far they reach. */
const lists: ReadonlySet<SourceKind> = new Set(['changes', 'alerts', 'processes', 'config', 'code'])

export function coversWindow(source: LoadedSource, window: TimeSpan): boolean {
  const { covers, search } = source.spec
  // What nobody searched for is not in it, whether it happened or not.
  if (search !== undefined) return false
  if (covers !== undefined) return covers.fromMs <= window.fromMs && covers.toMs >= window.toMs
  if (source.totals.rows === 0) return false
  if (lists.has(source.kind)) return true
  if (source.span === null) return false
  const from = Math.max(source.span.fromMs, window.fromMs)
  const to = Math.min(source.span.toMs, window.toMs)
  return to - from >= (window.toMs - window.fromMs) * 0.5
}

export function inWindow(row: BundleRow, window: TimeSpan, beforeMs = 0): boolean {
  return row.at !== undefined && row.at >= window.fromMs - beforeMs && row.at <= window.toMs
}

/** All that a row says, for a search. */
export function textOf(row: BundleRow): string {
  const { message, name, kind, value, status, version } = row
  const rest =
    row.rest === undefined
      ? ''
      : Object.entries(row.rest)
          .map(([key, text]) => `${key}=${text}`)
          .join(' ')
  if (name === undefined && kind === undefined && rest === '') return message ?? ''
  return [name, kind, message, value, status, version, rest]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
}

/** A table function of DuckDB over a source's files, to be run in the bundle's folder. */
export function tableOf(source: LoadedSource): string {
  const path = literal(source.path)
  if (source.format === 'csv') return `read_csv(${path}, all_varchar = true)`
  if (source.format === 'text') return textTable(source.path, source.map)
  return source.format === 'parquet' ? `read_parquet(${path})` : `read_json(${path})`
}

/** The column of a field in a query; of JSON lines, its path. */
export function columnOf(source: LoadedSource, field: FieldName): string {
  const name = source.map[field] ?? field
  return source.format === 'jsonl' ? name.split('.').map(identifier).join('.') : identifier(name)
}

/** SQL that shows the rows of the references that come more than once, with some of our fields. */
export function pairsQuery(source: LoadedSource, fields: readonly FieldName[]): string {
  const ref = columnOf(source, 'ref')
  const shown = [...new Set<FieldName>(['ref', 'at', ...fields])].filter(
    (field) => source.map[field] !== undefined,
  )
  const columns = shown.map((field) => columnOf(source, field)).join(', ')
  const order = source.map.at === undefined ? ref : `${ref}, ${columnOf(source, 'at')}`
  const table = tableOf(source)
  return `SELECT ${columns} FROM ${table} WHERE ${ref} IN (SELECT ${ref} FROM ${table} GROUP BY 1 HAVING count(*) > 1) ORDER BY ${order}`
}

/** What shows the rows of a source that match: grep for text, SQL for tables. */
export function searchQuery(source: LoadedSource, pattern: RegExp): string {
  const { source: text } = pattern
  if (source.format === 'text' || source.format === 'files')
    return `grep -nEir ${shell(grepOf(text))} ${shell(source.path)}`
  const fields = (['message', 'name', 'kind', 'value', 'status'] as const).filter(
    (field) => source.map[field] !== undefined,
  )
  const columns = fields.map((field) => `coalesce(CAST(${columnOf(source, field)} AS VARCHAR), '')`)
  const where =
    columns.length === 0
      ? 'true'
      : `regexp_matches(concat_ws(' ', ${columns.join(', ')}), ${literal(`(?i)${text}`)})`
  return `SELECT * FROM ${tableOf(source)} WHERE ${where}`
}

/** Extended expressions of grep have no \d and no (?:…). */
function grepOf(pattern: string): string {
  return pattern
    .replaceAll('(?:', '(')
    .replaceAll(String.raw`\d`, '[0-9]')
    .replaceAll(String.raw`\S`, '[^[:space:]]')
}

function shell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
