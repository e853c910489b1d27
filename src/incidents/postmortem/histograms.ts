import type { Bundle } from '../bundle/bundle.ts'
import { span } from '../words.ts'
import type { Histogram } from './shape.ts'

const gapBounds: Bounds = [
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

/** The gaps between effects of one reference, and sizes, beside the constants known; each where the bundle shows it. */
export function histogramsOf(bundle: Bundle): readonly Histogram[] {
  return [...gaps(bundle), ...sizes(bundle)]
}

function gaps({ sources, known }: Bundle): readonly Histogram[] {
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
      limits: knownValues(known, 'Ms').map(({ name, value }) => ({
        name,
        value: span(value),
        ...placeOf(value, gapBounds),
      })),
    },
  ]
}

const kib = 1024
/** How far the scale goes beyond the sizes to show a limit. */
const maxBarsMore = 6

function sizes({ sources, known }: Bundle): readonly Histogram[] {
  const bytes = sources.flatMap(({ rows }) =>
    rows.flatMap((row) => (row.bytes === undefined ? [] : [row.bytes])),
  )
  if (bytes.length === 0) return []
  const limits = knownValues(known, 'Bytes')
  const bounds = sizeBounds(
    bytes,
    limits.map(({ value }) => value),
  )
  return [
    {
      title: 'Sizes of messages',
      unit: 'messages',
      bars: barsOf(bytes, bounds),
      limits: limits.map(({ name, value }) => ({ name, value: sizeText(value), ...placeOf(value, bounds) })),
    },
  ]
}

type Bounds = readonly (readonly [upTo: number, text: string])[]

/** Doublings that hold all sizes, and the limits where these are not far away. */
function sizeBounds(bytes: readonly number[], limits: readonly number[]): Bounds {
  // Not as arguments: there may be more than a call takes.
  const smallest = doublingOf(bytes.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY))
  const largest = doublingOf(bytes.reduce((most, each) => Math.max(most, each), 0))
  const wanted = limits.map(doublingOf)
  const first = Math.max(smallest - maxBarsMore, Math.min(smallest, ...wanted))
  const last = Math.min(largest + maxBarsMore, Math.max(largest, ...wanted))
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const upTo = 2 ** (first + index)
    return [upTo, sizeText(upTo)] as const
  })
}

/** The power of two that holds it; what is below 1 KiB is one bar. */
function doublingOf(bytes: number): number {
  return Math.max(Math.log2(kib), Math.ceil(Math.log2(Math.max(bytes, 1))))
}

/** Constants of one unit by their names; of a list, each value. */
function knownValues(known: Bundle['known'], unit: string): readonly { name: string; value: number }[] {
  return Object.entries(known)
    .filter(([name]) => name.endsWith(unit))
    .flatMap(([name, value]) => [value].flat().map((one) => ({ name, value: one })))
    .toSorted((a, b) => a.value - b.value)
}

/** Scales are logarithmic, within a bar too. The last bar of gaps has no end, and one of its own says nothing of where. */
function placeOf(value: number, bounds: Bounds): Pick<Histogram['limits'][number], 'afterBar' | 'position'> {
  const bar = bounds.findIndex(([upTo]) => value <= upTo)
  if (bar === -1) return { afterBar: bounds.length - 1 }
  const upTo = bounds[bar]?.[0] ?? value
  const from = bounds[bar - 1]?.[0] ?? upTo / (bounds[1]?.[0] === undefined ? 2 : bounds[1][0] / upTo)
  const share = Number.isFinite(upTo) ? Math.log(value / from) / Math.log(upTo / from) : 0.5
  return { afterBar: bar, position: bar + Math.min(1, Math.max(0, share)) }
}

function barsOf(values: readonly number[], bounds: Bounds): Histogram['bars'] {
  const bars = bounds.map(([, upTo]) => ({ upTo, count: 0 }))
  for (const value of values) {
    const bar = bars[bounds.findIndex(([upTo]) => value <= upTo)]
    if (bar !== undefined) bar.count += 1
  }
  return bars
}

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

function sizeText(bytes: number): string {
  const power = Math.min(sizeUnits.length - 1, Math.max(0, Math.floor(Math.log2(bytes) / 10)))
  return `${Number((bytes / kib ** power).toPrecision(3))} ${sizeUnits[power] ?? 'B'}`
}
