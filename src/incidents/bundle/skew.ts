import { durationText } from '../../reconcile/values/format.ts'
import type { BundleRow, LoadedSource } from './row.ts'

/*
 * Clocks of different machines differ. Where two sources tell of the same references and one of them must come first (a
 * request before its effect), rows in the wrong order say by how much at least.
 */

export interface Skew {
  readonly earlier: string
  readonly later: string
  /** The median of later less earlier: below 0, the later one's clock is behind by at least so much. */
  readonly medianMs: number
  readonly references: number
}

const minReferences = 5
const causes = new Set(['requests', 'deliveries'])
const consequences = new Set(['effects', 'ledger'])

export function skews(sources: readonly LoadedSource[]): Skew[] {
  const found: Skew[] = []
  for (const one of sources) {
    if (!causes.has(one.kind)) continue
    for (const other of sources) {
      if (!consequences.has(other.kind)) continue
      const gaps = gapsOf(one.rows, other.rows)
      if (gaps.length < minReferences) continue
      const medianMs = gaps[Math.floor(gaps.length / 2)] ?? 0
      found.push({ earlier: one.id, later: other.id, medianMs, references: gaps.length })
    }
  }
  return found
}

function gapsOf(earlier: readonly BundleRow[], later: readonly BundleRow[]): number[] {
  const first = firstByRef(earlier)
  const gaps: number[] = []
  for (const [ref, at] of firstByRef(later)) {
    const before = first.get(ref)
    if (before !== undefined) gaps.push(at - before)
  }
  return gaps.toSorted((a, b) => a - b)
}

function firstByRef(rows: readonly BundleRow[]): Map<string, number> {
  const first = new Map<string, number>()
  for (const { ref, at } of rows) {
    if (ref === undefined || at === undefined) continue
    const known = first.get(ref)
    if (known === undefined || at < known) first.set(ref, at)
  }
  return first
}

export function skewNotes(sources: readonly LoadedSource[]): string[] {
  return skews(sources).flatMap((skew) => {
    const away = Math.abs(skew.medianMs)
    const quarter = 900_000
    const isZone =
      away >= 2 * quarter - 60_000 && Math.abs(away - Math.round(away / quarter) * quarter) <= 60_000
    const of = `over ${skew.references} references that both know`
    if (isZone)
      return [
        `${skew.later} lies ${durationText(away)} ${skew.medianMs < 0 ? 'before' : 'after'} ${skew.earlier} ${of}: that looks like a time zone, not like a clock.`,
      ]
    if (skew.medianMs >= -100) return []
    return [
      `The clock of ${skew.later} is behind that of ${skew.earlier} by at least ${durationText(away)}, estimated ${of}; times of the two were not moved.`,
    ]
  })
}
