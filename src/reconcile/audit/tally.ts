import { zonesSetBack } from '../values/clock-change.ts'
import { keysHoldTimes } from '../values/time-in-key.ts'
import type { Decisions } from './decisions.ts'
import type { EffectGroup } from './group.ts'

/** How much of an hour a job's second run may be off. */
const hourSlackMs = 60_000
const hourMs = 3_600_000
/** Width of a bucket of gaps: 1 % of the gap. */
const bucketBase = Math.log(1.01)

/** From the first effect of each group, and from the later ones: a rerun comes when the first run is over. */
export interface Span {
  first: number
  last: number
}

export interface GapBucket {
  gaps: number
  groups: number
  sumMs: number
}

/** Upper bounds of the histogram for people. */
export const gapBoundsMs: readonly number[] = [
  10,
  100,
  1000,
  10_000,
  60_000,
  600_000,
  3_600_000,
  86_400_000,
  Infinity,
]

/** What is counted of groups, in room that does not grow with them (but with how different they are). */
export class Tally {
  refs = 0
  extraRows = 0
  extraAmount = 0
  readonly certainty: Map<string, number> = new Map()
  readonly multiplicity: Map<number, number> = new Map()
  readonly histogram: number[] = gapBoundsMs.map(() => 0)
  /** By the logarithm of the gap; `regular` are groups with several gaps, all of them equal. */
  readonly buckets: Map<number, GapBucket> = new Map()
  readonly regular: Map<number, number> = new Map()
  readonly zones: Map<string, number> = new Map()
  readonly segments: Map<string, number> = new Map()
  readonly known: Map<string, number> = new Map()
  withGap = 0
  fine = 0
  races = 0
  raceWorkers = 0
  keyPerAttempt = 0
  keyWithTime = 0
  sameKey = 0
  hourRepeats = 0
  readonly originals: { at: Span; position: Span } = { at: span(), position: span() }
  readonly extras: { at: Span; position: Span } = { at: span(), position: span() }

  add(
    group: EffectGroup,
    at: { decisions: Decisions; known: readonly (readonly [string, number])[]; isAbsolute: boolean },
  ): void {
    this.refs++
    this.extraRows += group.effects.length - 1
    this.extraAmount += group.extraAmount
    increase(this.certainty, group.judgement.certainty)
    increase(this.multiplicity, group.effects.length)
    if (group.segment !== null) increase(this.segments, group.segment)
    this.#places(group)
    this.#keys(group)
    if (group.gapMs === undefined) return
    this.withGap++
    if (group.isFine) this.fine++
    const { gapMs } = group
    const bound = gapBoundsMs.findIndex((ms) => gapMs < ms)
    this.histogram[bound] = (this.histogram[bound] ?? 0) + 1
    this.#gaps(group, at.decisions)
    for (const [name, ms] of at.known)
      if (Math.abs(gapMs - ms) <= at.decisions.toleranceMs(ms, group.isFine)) increase(this.known, name)
    if (at.decisions.isRace(group)) {
      this.races++
      this.raceWorkers = Math.max(this.raceWorkers, group.workers ?? 0)
    }
    if (at.isAbsolute) this.#clock(group, gapMs)
  }

  /** Takes over all that `other` has counted. */
  merge(other: Tally): void {
    for (const name of counters) this[name] += other[name]
    this.raceWorkers = Math.max(this.raceWorkers, other.raceWorkers)
    for (const [at, count] of other.histogram.entries())
      this.histogram[at] = (this.histogram[at] ?? 0) + count
    for (const name of maps)
      for (const [key, count] of other[name]) increase(this[name] as Map<unknown, number>, key, count)
    for (const [key, bucket] of other.buckets) addTo(this.buckets, key, bucket)
    for (const side of ['originals', 'extras'] as const) {
      widen(this[side].at, other[side].at)
      widen(this[side].position, other[side].position)
    }
  }

  #places({ effects }: EffectGroup): void {
    for (const [index, { at, position }] of effects.entries()) {
      const side = index === 0 ? this.originals : this.extras
      if (at !== undefined) widen(side.at, { first: at.ms, last: at.ms })
      if (!Number.isNaN(position)) widen(side.position, { first: position, last: position })
    }
  }

  #keys({ keyRelation, keys, differs, effects }: EffectGroup): void {
    if (keyRelation === 'same') this.sameKey++
    if (keyRelation !== 'different') return
    if (differs.length === 0) this.keyPerAttempt++
    if (
      keysHoldTimes(
        keys,
        effects.map(({ at }) => at?.ms),
      )
    )
      this.keyWithTime++
  }

  #gaps({ gaps, gapMs = 0, isFine }: EffectGroup, { toleranceMs }: Decisions): void {
    const key = bucketOf(gapMs)
    const tolerance = toleranceMs(gapMs, isFine)
    const isRegular = gaps.every((gap) => Math.abs(gap - gapMs) <= tolerance)
    if (!isRegular) return
    addTo(this.buckets, key, { gaps: gaps.length, groups: 1, sumMs: gapMs })
    if (gaps.length > 1) increase(this.regular, key)
  }

  #clock({ effects, gapMs = 0 }: EffectGroup, gap: number): void {
    if (Math.abs(gapMs - hourMs) > hourSlackMs) return
    const [first, second] = effects
    if (first?.at === undefined || second?.at === undefined || gap === 0) return
    const zones = zonesSetBack(first.at.ms, second.at.ms)
    if (zones.length === 0) return
    this.hourRepeats++
    for (const zone of zones) increase(this.zones, zone)
  }
}

const counters = [
  'refs',
  'extraRows',
  'extraAmount',
  'withGap',
  'fine',
  'races',
  'keyPerAttempt',
  'keyWithTime',
  'sameKey',
  'hourRepeats',
] as const
const maps = ['certainty', 'multiplicity', 'regular', 'zones', 'segments', 'known'] as const

export function bucketOf(gapMs: number): number {
  return Math.round(Math.log(Math.max(gapMs, 1)) / bucketBase)
}

export function gapOfBucket(bucket: number): number {
  return Math.exp(bucket * bucketBase)
}

function span(): Span {
  return { first: Infinity, last: -Infinity }
}

function widen(one: Span, by: Span): void {
  if (by.first < one.first) one.first = by.first
  if (by.last > one.last) one.last = by.last
}

function increase<K>(counts: Map<K, number>, key: K, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

function addTo(buckets: Map<number, GapBucket>, key: number, by: GapBucket): void {
  const bucket = buckets.get(key) ?? { gaps: 0, groups: 0, sumMs: 0 }
  bucket.gaps += by.gaps
  bucket.groups += by.groups
  bucket.sumMs += by.sumMs
  buckets.set(key, bucket)
}
