import type { Bundle } from '../bundle/bundle.ts'
import type { Histogram } from './shape.ts'

const gapBounds: readonly (readonly [number, string])[] = [
  [10, '10 ms'],
  [100, '100 ms'],
  [1000, '1 s'],
  [10_000, '10 s'],
  [60_000, '1 min'],
  [600_000, '10 min'],
  [3_600_000, '1 h'],
  [86_400_000, '1 d'],
  [Number.POSITIVE_INFINITY, 'longer'],
]

/** The gaps between effects of one reference, and sizes beside the limits known; each where the bundle shows it. */
export function histogramsOf(bundle: Bundle): readonly Histogram[] {
  return [...gaps(bundle), ...sizes(bundle)]
}

function gaps({ sources }: Bundle): readonly Histogram[] {
  const rows = sources.filter(({ kind }) => kind === 'effects').flatMap((source) => source.rows)
  const byRef = Map.groupBy(
    rows.filter(({ ref, at }) => ref !== undefined && at !== undefined),
    ({ ref }) => ref,
  )
  const found = [...byRef.values()].flatMap((some) => {
    const times = some.map(({ at = 0 }) => at).toSorted((a, b) => a - b)
    return times.slice(1).map((at, index) => at - (times[index] ?? at))
  })
  if (found.length === 0) return []
  return [
    {
      title: 'Gaps between effects of one reference',
      unit: 'pairs',
      bars: barsOf(found, gapBounds),
      limits: [],
    },
  ]
}

const kib = 1024

function sizes({ sources, known }: Bundle): readonly Histogram[] {
  const bytes = sources.flatMap(({ rows }) =>
    rows.flatMap((row) => (row.bytes === undefined ? [] : [row.bytes])),
  )
  if (bytes.length === 0) return []
  // Not as arguments: there may be more than a call takes.
  const largest = bytes.reduce((most, each) => Math.max(most, each), 0)
  const bounds: [number, string][] = []
  for (let upTo = kib; ; upTo *= 2) {
    bounds.push([upTo, sizeText(upTo)])
    if (upTo >= largest) break
  }
  const limits = Object.entries(known).flatMap(([name, value]) => {
    if (!name.endsWith('Bytes') || typeof value !== 'number') return []
    const afterBar = bounds.findIndex(([upTo]) => upTo >= value)
    return afterBar === -1 ? [] : [{ name, value: sizeText(value), afterBar }]
  })
  return [{ title: 'Sizes of messages', unit: 'messages', bars: barsOf(bytes, bounds), limits }]
}

function barsOf(
  values: readonly number[],
  bounds: readonly (readonly [number, string])[],
): Histogram['bars'] {
  const bars = bounds.map(([, upTo]) => ({ upTo, count: 0 }))
  for (const value of values) {
    const bar = bars[bounds.findIndex(([upTo]) => value <= upTo)]
    if (bar !== undefined) bar.count += 1
  }
  return bars
}

function sizeText(bytes: number): string {
  if (bytes >= kib * kib) return `${Number((bytes / kib / kib).toPrecision(3))} MiB`
  return bytes >= kib ? `${Number((bytes / kib).toPrecision(3))} KiB` : `${bytes} B`
}
