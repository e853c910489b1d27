import type { BundleRow, LoadedSource } from '../bundle/row.ts'
import type { SourceKind } from '../model.ts'

/** The rows of one reference that has more than one effect. */
export interface Group {
  readonly ref: string
  /** In the order of their times. */
  readonly rows: readonly BundleRow[]
  /** What other sources have of the same reference. */
  readonly requests: readonly BundleRow[]
  readonly deliveries: readonly BundleRow[]
  readonly ledger: readonly BundleRow[]
  readonly log: readonly BundleRow[]
}

export interface Groups {
  readonly list: readonly Group[]
  /** The source that the rows are of; undefined where no source could have groups. */
  readonly base: LoadedSource | undefined
  /** It lists effects (or our ledger of them), not what was asked. */
  readonly isEffects: boolean
  /** Exact, also where only some groups were looked at. */
  readonly count: number
  readonly refs: number
  readonly extraRows: number
}

const order: readonly SourceKind[] = ['effects', 'ledger', 'requests', 'deliveries']

/**
 * Effects first; requests repeat without harm, so that they are looked at only where no source lists effects. Of several
 * sources of a kind, the one with the most groups.
 */
export function groupsOf(sources: readonly LoadedSource[]): Groups {
  const base = baseOf(sources)
  if (base === undefined) return { list: [], base, isEffects: false, count: 0, refs: 0, extraRows: 0 }
  const others = {
    requests: byRef(sources, 'requests', base),
    deliveries: byRef(sources, 'deliveries', base),
    ledger: byRef(sources, 'ledger', base),
    log: byRef(sources, 'log', base),
  }
  const list = [...rowsByRef(base.rows)]
    .filter(([, rows]) => rows.length > 1)
    .map(([ref, rows]) => ({
      ref,
      rows: rows.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)),
      requests: others.requests.get(ref) ?? [],
      deliveries: others.deliveries.get(ref) ?? [],
      ledger: others.ledger.get(ref) ?? [],
      log: others.log.get(ref) ?? [],
    }))
  const { refs, repeatedRefs, extraRows } = base.totals
  const isEffects = base.kind === 'effects' || base.kind === 'ledger'
  return { list, base, isEffects, count: repeatedRefs, refs, extraRows }
}

function baseOf(sources: readonly LoadedSource[]): LoadedSource | undefined {
  const usable = sources.filter(({ map, totals }) => map.ref !== undefined && totals.refs > 0)
  const effects = usable.filter(({ kind }) => kind === 'effects' || kind === 'ledger')
  const candidates = effects.length > 0 ? effects : usable.filter(({ kind }) => order.includes(kind))
  return candidates.toSorted(
    (a, b) =>
      Number(b.totals.repeatedRefs > 0) - Number(a.totals.repeatedRefs > 0) ||
      order.indexOf(a.kind) - order.indexOf(b.kind) ||
      b.totals.repeatedRefs - a.totals.repeatedRefs,
  )[0]
}

function byRef(
  sources: readonly LoadedSource[],
  kind: SourceKind,
  base: LoadedSource,
): Map<string, BundleRow[]> {
  const rows = sources
    .filter((source) => source.kind === kind && source !== base)
    .flatMap((source) => source.rows)
  if (kind !== 'log') return rowsByRef(rows)
  // A log may name a reference without saying so: what stood in a hole of its template is one where the base knows it.
  const known = new Set(base.rows.map(({ ref }) => ref))
  const found = new Map<string, BundleRow[]>()
  for (const row of rows) {
    const ref = row.ref ?? row.parameters?.find((one) => known.has(one))
    if (ref !== undefined) push(found, ref, row)
  }
  return found
}

export function rowsByRef(rows: readonly BundleRow[]): Map<string, BundleRow[]> {
  const found = new Map<string, BundleRow[]>()
  for (const row of rows) if (row.ref !== undefined) push(found, row.ref, row)
  for (const [ref, list] of found)
    found.set(
      ref,
      list.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)),
    )
  return found
}

function push(map: Map<string, BundleRow[]>, key: string, row: BundleRow): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [row])
  else list.push(row)
}

/** Between the first two rows of a group; undefined where a time is missing. */
export function gapOf({ rows }: Pick<Group, 'rows'>): number | undefined {
  const [first, second] = rows
  return first?.at === undefined || second?.at === undefined ? undefined : second.at - first.at
}
