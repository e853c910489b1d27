import { type BundleFacts, type SignalSpec, type SourceKind, sourceKinds, signalSpecs } from '../model.ts'
import type { Ranked } from '../rank/rank.ts'

/**
 * The kinds of sources that would help most, at most three: for each signal that is not known because of one, what it
 * could say of the causes still in play.
 */
export function missingSources(
  bundle: BundleFacts,
  ranked: readonly Ranked[],
  known: ReadonlySet<string>,
): readonly SourceKind[] {
  const causes = ranked.filter(({ cause }) => cause.kind !== 'neither')
  // By the likeliest of them, since all are remote where there is no evidence yet: that is when it matters most.
  const least = (causes[0]?.probability ?? 0) / 20
  const live = causes.filter(({ probability }) => probability >= least)
  const gain = new Map<SourceKind, number>()
  for (const spec of signalSpecs) {
    if (known.has(spec.id)) continue
    const speaks = live.reduce((sum, { cause, probability }) => {
      const [whenTrue, whenFalse] = cause.signals[spec.id] ?? [0, 0]
      return sum + probability * Math.abs(whenTrue - whenFalse)
    }, 0)
    for (const kind of lacking(spec, bundle)) gain.set(kind, (gain.get(kind) ?? 0) + speaks)
  }
  return [...gain]
    .filter(([, sum]) => sum > 0)
    .toSorted(([a, x], [b, y]) => y - x || sourceKinds.indexOf(a) - sourceKinds.indexOf(b))
    .slice(0, 3)
    .map(([kind]) => kind)
}

/** Of each group that no source meets, its first kind: the one that shows the signal best. */
function lacking({ needs }: SignalSpec, { sources }: BundleFacts): readonly SourceKind[] {
  return needs.flatMap((kinds) => {
    const isMet = sources.some(
      ({ kind, rows, coversWindow }) => rows > 0 && coversWindow && kinds.includes(kind),
    )
    return isMet ? [] : kinds.slice(0, 1)
  })
}
