import { countText } from '../../reconcile/values/format.ts'
import type { FieldName } from '../bundle/manifest.ts'
import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import type { SourceKind } from '../model.ts'
import type { Group } from './groups.ts'
import { type Found, type Material, type Measured, pairsQuery, searchQuery, textOf } from './material.ts'

/** What a measure says when it cannot say. */
export function unknown(statement: string): Measured {
  return { value: 'unknown', statement }
}

export interface Cases {
  /** Of each group: yes, no, or that it cannot say. */
  readonly test: (group: Group) => boolean | undefined
  /** Completes "in 12 of 14 groups …". */
  readonly words: string
  /** Said where no group can say. */
  readonly missing: string
  readonly fields: readonly FieldName[]
}

/** A signal that is true where most groups say yes, and false where hardly any does. */
export function byGroups(material: Material, cases: Cases): Measured & { readonly share: number } {
  const { list, base } = material.groups
  const answers = list.flatMap((group) => cases.test(group) ?? [])
  const yes = answers.filter(Boolean).length
  const share = answers.length === 0 ? 0 : yes / answers.length
  if (base === undefined || answers.length === 0) return { ...unknown(cases.missing), share }
  const statement = `In ${countText(yes)} of ${countText(answers.length)} duplicate references ${cases.words}.`
  return {
    value: material.decisions.byShare(yes, answers.length),
    statement,
    found: [{ source: base.id, statement, query: pairsQuery(base, cases.fields) }],
    numbers: { share },
    share,
  }
}

const lists = ['rows', 'requests', 'deliveries', 'ledger', 'log'] as const

/** The rows of a group that carry a field, of the first side that has two of them. */
export function rowsWith(group: Group, field: FieldName): readonly BundleRow[] {
  for (const name of lists) {
    const rows = group[name].filter((row) => row[field] !== undefined)
    if (rows.length >= 2) return rows
  }
  return []
}

export function valuesOf(group: Group, field: FieldName): readonly string[] {
  return rowsWith(group, field).map((row) => String(row[field]))
}

/** A log's (or another list's) rows as evidence: how many, the first of them, and how to find them. */
export function saidFound(
  material: Material,
  rows: readonly BundleRow[],
  { pattern, what }: { pattern: RegExp; what: string },
): Found[] {
  const bySource = Map.groupBy(rows, ({ source }) => source)
  return [...bySource].slice(0, 5).flatMap(([id, inSource]) => {
    const source = material.sources.find((one) => one.id === id)
    const [first] = inSource
    if (source === undefined || first === undefined) return []
    const count = weigh(inSource)
    const statement = `${id} tells of ${what} ${countText(count)} ${count === 1 ? 'time' : 'times'}${first.at === undefined ? '' : `, first at ${iso(first.at)}`}: “${shortened(textOf(first))}”.`
    return [{ source: id, statement, query: searchQuery(source, pattern) }]
  })
}

/** That a search found nothing, as evidence. */
export function nothingFound(
  material: Material,
  kinds: readonly SourceKind[],
  { pattern, what }: { pattern: RegExp; what: string },
): Found[] {
  return material
    .of(...kinds)
    .slice(0, 5)
    .map((source) => ({
      source: source.id,
      statement: `${source.id} tells of no ${what} in its ${countText(source.totals.rows)} ${source.format === 'files' ? 'files' : 'rows'}.`,
      query: searchQuery(source, pattern),
    }))
}

/** A signal that is true where a search finds something, false where it finds nothing. */
export function bySearch(
  material: Material,
  search: {
    readonly pattern: RegExp
    readonly kinds: readonly SourceKind[]
    readonly what: string
    readonly min?: number
    readonly keep?: (row: BundleRow) => boolean
  },
): Measured & { readonly rows: readonly BundleRow[] } {
  const { pattern, kinds, what, min = 1, keep = () => true } = search
  const rows = material.said(pattern, ...kinds).filter(keep)
  const count = weigh(rows)
  if (count >= min) {
    const found = saidFound(material, rows, { pattern, what })
    return {
      value: true,
      statement: `${capital(what)}: ${countText(count)} found, first ${firstTime(rows)}.`,
      found,
      rows,
    }
  }
  if (material.of(...kinds).length === 0) return { ...unknown(`No source could tell of ${what}.`), rows }
  return {
    value: false,
    statement: `No ${what} is recorded.`,
    found: nothingFound(material, kinds, { pattern, what }),
    rows,
  }
}

function firstTime(rows: readonly BundleRow[]): string {
  const at = Math.min(...rows.slice(0, 10_000).flatMap((row) => row.at ?? []))
  return Number.isFinite(at) ? `at ${iso(at)}` : 'without a time'
}

export function weigh(rows: readonly BundleRow[]): number {
  return rows.reduce((sum, { weight }) => sum + weight, 0)
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

export function shortened(text: string, length = 140): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export function evidenceOf(source: LoadedSource, statement: string, query: string): Found {
  return { source: source.id, statement, query }
}
