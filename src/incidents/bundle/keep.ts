import type { Source } from '../../reconcile/sources/source.ts'
import type { SourceKind } from '../model.ts'
import type { Shape } from './rows-of.ts'
import type { BundleRow, SourceTotals } from './row.ts'
import { hashOf, isTrouble } from './trouble.ts'

export interface Kept {
  readonly rows: BundleRow[]
  readonly totals: SourceTotals
  /** What was left out, said to the reader. */
  readonly notes: readonly string[]
}

export const maxKeptRows = 250_000

/** Kinds whose references are counted; of others nobody asks whether one came twice. */
const withRefs: ReadonlySet<SourceKind> = new Set(['effects', 'requests', 'deliveries', 'ledger'])

export function countsRefs(kind: SourceKind): boolean {
  return withRefs.has(kind)
}

/**
 * All rows of a source that Node reads, or, of more than `max`, those of references that come more than once, what logs
 * say of trouble, and a sample of the rest. Counts are of all rows in any case.
 */
export async function keepInNode(
  source: Source,
  shape: Shape,
  { kind, max = maxKeptRows }: { kind: SourceKind; max?: number },
): Promise<Kept> {
  const counts = new Map<string, number>()
  const minutes = new Map<number, number>()
  let rows: BundleRow[] = []
  let [count, bad] = [0, 0]
  for await (const row of eachRow(source, shape)) {
    count++
    if (isTrouble(row)) bad++
    tally(row, kind, { counts, minutes })
    if (count <= max) rows.push(row)
  }
  const notes: string[] = []
  if (count > max) {
    const step = Math.ceil(count / (max / 2))
    const badStep = Math.max(1, Math.ceil(bad / (max / 2)))
    rows = []
    for await (const row of eachRow(source, shape)) {
      const weight = weightOf(row, { counts, step, badStep })
      if (weight > 0 && rows.length < max * 2) rows.push(weight === 1 ? row : { ...row, weight })
    }
    notes.push(sampleNote(step, badStep))
  }
  return { rows, totals: { rows: count, minutes, ...countsOf(counts) }, notes }
}

export function countsOf(
  counts: ReadonlyMap<string, number>,
): Pick<SourceTotals, 'refs' | 'repeatedRefs' | 'extraRows'> {
  const repeated = [...counts.values()].filter((times) => times > 1)
  return {
    refs: counts.size,
    repeatedRefs: repeated.length,
    extraRows: repeated.reduce((sum, times) => sum + times - 1, 0),
  }
}

export function sampleNote(step: number, badStep: number): string {
  const bad = badStep === 1 ? 'those' : `one in ${badStep} of those`
  return `of its rows those of references that come more than once and ${bad} that tell of trouble were kept, and one in ${step} of the others; other rows are counted by what was kept for them`
}

async function* eachRow(source: Source, shape: Shape): AsyncGenerator<BundleRow, void, undefined> {
  for await (const { rows, firstPosition } of source.scan(shape.columns))
    for (let at = 0; at < rows.length; at++) yield shape.rowOf(rows[at] ?? [], firstPosition + at + 1)
}

interface Tallies {
  readonly counts: Map<string, number>
  readonly minutes: Map<number, number>
}

function tally(row: BundleRow, kind: SourceKind, { counts, minutes }: Tallies): void {
  if (countsRefs(kind) && row.ref !== undefined) counts.set(row.ref, (counts.get(row.ref) ?? 0) + 1)
  if (row.at === undefined) return
  const minute = Math.floor(row.at / 60_000)
  minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
}

/** Pure, so that a mutant can replace it: for how many rows this one stands, 0 for none. */
export function weightOf(
  row: BundleRow,
  { counts, step, badStep }: { counts: ReadonlyMap<string, number>; step: number; badStep: number },
): number {
  if (row.ref !== undefined && (counts.get(row.ref) ?? 0) > 1) return 1
  const every = isTrouble(row) ? badStep : step
  return hashOf(row.ref ?? `${row.line}`) % every === 0 ? every : 0
}
