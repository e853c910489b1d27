import { literal } from '../../reconcile/sources/sql.ts'
import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import { minCases } from './decisions.ts'
import { columnNamed, columnOf, type Material } from './material.ts'
import { jsonLeaves } from './payloads.ts'
import { rowSizes } from './row-sizes.ts'
import { splitOf } from './size-split.ts'

/** A field, and in which rows of a source it is missing. */
export interface Presence {
  readonly source: LoadedSource
  readonly name: string
  /** SQL for its value. */
  readonly column: string
  readonly isMapped: boolean
  /** In the order of their times, where they have times. */
  readonly cases: readonly PresenceCase[]
}

export interface PresenceCase {
  readonly row: BundleRow
  readonly isGone: boolean
}

export const presenceKinds = ['effects', 'requests', 'deliveries', 'ledger'] as const

const isEmpty = (value: string | undefined): boolean =>
  value === undefined || /^"?(null|none|undefined)?"?$/i.test(value)

const kept = new WeakMap<Material, readonly Presence[]>()

/**
 * The fields in question: the mapped `value`; in sources without one, those that rows had from the first on and later
 * rows lack, or that only large rows lack. What is empty now and then from the beginning is ordinary.
 */
export function presencesOf(m: Material): readonly Presence[] {
  const known = kept.get(m)
  if (known !== undefined) return known
  const sizeOf = rowSizes(m)
  const found = m.of(...presenceKinds).flatMap((source) => {
    const mapped = mappedOf(source)
    return mapped === undefined ? droppedOf(m, source, sizeOf) : [mapped]
  })
  kept.set(m, found)
  return found
}

function mappedOf(source: LoadedSource): Presence | undefined {
  const name = source.map.value
  if (name === undefined) return undefined
  const cases = inOrder(source.rows).map((row) => ({ row, isGone: isEmpty(row.value) }))
  return { source, name, column: columnOf(source, 'value'), isMapped: true, cases }
}

function droppedOf(
  m: Material,
  source: LoadedSource,
  sizeOf: (row: BundleRow) => number | undefined,
): Presence[] {
  const { rows, names, columnFor } = fieldsOf(source)
  return names.flatMap((name) => {
    // Times, tokens and attempts are marks of progress, and come when they come.
    if (m.decisions.isVolatileName(name)) return []
    const cases = rows.map(({ row, fields }) => ({ row, isGone: isEmpty(fields.get(name)) }))
    const gone = cases.filter(({ isGone }) => isGone).length
    if (gone < minCases || isOfType(cases)) return []
    if (!isDropped(m, cases) && !isOnlyInLarge(m, cases, sizeOf)) return []
    return [{ source, name, column: columnFor(name), isMapped: false, cases }]
  })
}

function isDropped({ decisions }: Material, cases: readonly PresenceCase[]): boolean {
  const before = cases.findIndex(({ isGone }) => isGone)
  const after = cases.slice(before)
  return decisions.isDropped({
    before,
    after: after.length,
    goneAfter: after.filter(({ isGone }) => isGone).length,
  })
}

/** A field that whole types have and whole others lack belongs to those types. */
function isOfType(cases: readonly PresenceCase[]): boolean {
  return (['kind', 'event', 'endpoint'] as const).some((field) => {
    const types = Map.groupBy(cases, ({ row }) => row[field])
    const isType = types.size > 1 && types.size <= maxTypes
    return isType && [...types.values()].every((rows) => new Set(rows.map(({ isGone }) => isGone)).size === 1)
  })
}

function isOnlyInLarge(
  { decisions }: Material,
  cases: readonly PresenceCase[],
  sizeOf: (row: BundleRow) => number | undefined,
): boolean {
  const sized = sizedOf(cases, sizeOf)
  const { shareAbove, shareBelow } = splitOf(sized)
  return sized.length >= 50 && shareBelow <= 0.02 && decisions.isParted(shareAbove, shareBelow)
}

export function sizedOf(
  cases: readonly PresenceCase[],
  sizeOf: (row: BundleRow) => number | undefined,
): { size: number; isGone: boolean }[] {
  return cases.flatMap(({ row, isGone }) => {
    const size = sizeOf(row)
    return size === undefined ? [] : [{ size, isGone }]
  })
}

const maxTypes = 20
const maxPayloads = 20_000
const maxNames = 100

interface Fields {
  readonly rows: readonly { readonly row: BundleRow; readonly fields: ReadonlyMap<string, string> }[]
  readonly names: readonly string[]
  readonly columnFor: (name: string) => string
}

/** The columns that nothing is mapped to; of a payload in JSON its leaves, but not the members of its lists. */
function fieldsOf(source: LoadedSource): Fields {
  const isPayload = source.map.payload !== undefined
  const step = isPayload ? Math.ceil(source.rows.length / maxPayloads) : 1
  const some = inOrder(source.rows).filter((_, at) => at % step === 0)
  const rows = some.flatMap((row) => {
    const fields = isPayload ? jsonLeaves(row.payload ?? '') : new Map(Object.entries(row.rest ?? {}))
    return fields === undefined ? [] : [{ row, fields }]
  })
  const names = new Set(rows.slice(0, 5000).flatMap(({ fields }) => [...fields.keys()]))
  return {
    rows,
    names: [...names].filter((name) => !/(^|\.)\d+(\.|$)/.test(name)).slice(0, maxNames),
    columnFor: (name) => (isPayload ? leafOf(source, name) : columnNamed(source, name)),
  }
}

function leafOf(source: LoadedSource, name: string): string {
  const path = ['$', ...name.split('.').map((part) => `"${part.replaceAll('"', String.raw`\"`)}"`)].join('.')
  return `json_extract_string(CAST(${columnOf(source, 'payload')} AS JSON), ${literal(path)})`
}

function inOrder(rows: readonly BundleRow[]): readonly BundleRow[] {
  return rows.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0))
}
