import type { Cell } from '../sources/source.ts'
import { parseAmount } from '../values/amount.ts'
import { type Instant, parseInstant } from '../values/instant.ts'
import type { Decisions, Judgement } from './decisions.ts'
import type { Readings } from './facts.ts'
import type { PlacedRow, RefRows } from './found.ts'
import type { Plan } from './plan.ts'
import type { KeyRelation } from './report.ts'

/** One effect of a reference. */
export interface Effect {
  readonly cells: readonly Cell[]
  readonly position: number
  readonly at: Instant | undefined
  readonly amount: number | undefined
}

/** Effects of one reference that are compared with each other, in the order of their times. */
export interface EffectGroup {
  readonly ref: readonly string[]
  readonly effects: readonly Effect[]
  readonly keys: readonly Cell[]
  readonly keyRelation: KeyRelation
  readonly gaps: readonly number[]
  readonly gapMs: number | undefined
  /** Its times have digits behind the second. */
  readonly isFine: boolean
  readonly workers: number | undefined
  readonly segment: Cell
  readonly differs: readonly string[]
  readonly extraAmount: number
  readonly judgement: Judgement
}

export interface Grouping {
  readonly plan: Plan
  readonly readings: Readings
  readonly decisions: Decisions
}

/** The groups of one reference: several where `within` parts them, none where its rows list one effect. */
export function groupsOf(
  found: RefRows,
  grouping: Grouping,
): { groups: EffectGroup[]; repeatedRows: number } {
  const { plan } = grouping
  const effects = distinctEffects(found.rows, plan)
  const repeatedRows = found.rows.length - effects.length
  const sorted = effects.map((row) => effectOf(row, grouping)).toSorted(byTime)
  const clusters = clustersOf(sorted, plan.settings.withinMs).filter((cluster) => cluster.length > 1)
  return { groups: clusters.map((cluster) => groupOf(found.ref, cluster, grouping)), repeatedRows }
}

/**
 * Rows with the same effect id say the same effect twice: a join, a log that repeats itself, a retry that was answered
 * from memory. Where the column was only guessed, rows that are equal from end to end are kept: the row may have been
 * written twice, and whoever looks for duplicates wants to know.
 */
function distinctEffects(rows: readonly PlacedRow[], { places, roles }: Plan): readonly PlacedRow[] {
  if (places.effect === -1) return rows
  const isGuessed = roles.guessed.some(({ role }) => role === 'effect')
  const seen = new Map<string, PlacedRow>()
  return rows.filter((row) => {
    const id = row.cells[places.effect]
    if (id === null || id === undefined) return true
    const before = seen.get(id)
    if (before === undefined) seen.set(id, row)
    return before === undefined || (isGuessed && row.cells.every((cell, at) => cell === before.cells[at]))
  })
}

function effectOf({ cells, position }: PlacedRow, { plan, readings }: Grouping): Effect {
  const { places, timeStyle, settings } = plan
  const [time, money] = [cells[places.at], cells[places.amount]]
  return {
    cells,
    position,
    at: typeof time === 'string' && timeStyle !== undefined ? parseInstant(time, timeStyle) : undefined,
    amount:
      typeof money === 'string' ? parseAmount(money, readings.amountStyle, settings.minorDigits) : undefined,
  }
}

function byTime(a: Effect, b: Effect): number {
  if (a.at !== undefined && b.at !== undefined && a.at.ms !== b.at.ms) return a.at.ms - b.at.ms
  return Number.isNaN(a.position) || Number.isNaN(b.position) ? 0 : a.position - b.position
}

/** A new cluster begins where the next effect comes later than `withinMs`; without times all are one. */
function clustersOf(effects: readonly Effect[], withinMs: number | undefined): Effect[][] {
  if (withinMs === undefined) return [[...effects]]
  const clusters: Effect[][] = []
  for (const effect of effects) {
    const last = clusters.at(-1)
    const before = last?.at(-1)?.at?.ms
    const isNear = before === undefined || effect.at === undefined || effect.at.ms - before <= withinMs
    if (last !== undefined && isNear) last.push(effect)
    else clusters.push([effect])
  }
  return clusters
}

function groupOf(ref: readonly string[], effects: readonly Effect[], grouping: Grouping): EffectGroup {
  const { plan, decisions } = grouping
  const { places, columns, settings, roles } = plan
  const column = (place: number): Cell[] => effects.map(({ cells }) => cells[place] ?? null)
  const keys = places.key === -1 ? [] : column(places.key)
  const keyRelation = decisions.keyRelationOf(keys)
  const kinds = places.payload.map((place) => ({ name: columns[place] ?? '', count: kindsOf(column(place)) }))
  const differs = kinds.filter(({ count }) => count > 1).map(({ name }) => name)
  const gaps = gapsOf(effects)
  const gapMs = medianOf(gaps)
  const amounts = effects.flatMap(({ amount }) => amount ?? [])
  const judgement = decisions.judge({
    count: effects.length,
    keyRelation,
    differs,
    allDiffer: kinds.filter(({ count }) => count === effects.length).map(({ name }) => name),
    amountColumn: roles.amount,
    hasOppositeAmounts: amounts.some((amount) => amount < 0) && amounts.some((amount) => amount > 0),
    gapMs,
    isWithinGiven: settings.withinMs !== undefined,
    knownGap: settings.known.find(([, ms]) => isKnown(gapMs, ms, grouping))?.[0],
    sharedEffect: places.effect !== -1 && isOne(column(places.effect)) ? roles.effect : undefined,
  })
  return {
    ref,
    effects,
    keys,
    keyRelation,
    gaps,
    gapMs,
    isFine: effects.some(({ at }) => at?.isFine === true),
    workers:
      places.worker === -1
        ? undefined
        : new Set(column(places.worker).filter((one) => one !== null)).size || undefined,
    segment: places.segment === -1 ? null : (effects[0]?.cells[places.segment] ?? null),
    differs,
    extraAmount: effects.slice(1).reduce((sum, { amount = 0 }) => sum + amount, 0),
    judgement,
  }
}

function isKnown(gapMs: number | undefined, knownMs: number, { decisions }: Grouping): boolean {
  return gapMs !== undefined && Math.abs(gapMs - knownMs) <= decisions.toleranceMs(knownMs, true)
}

function isOne(cells: readonly Cell[]): boolean {
  return cells[0] !== null && cells.every((cell) => cell === cells[0])
}

/** `1.50` and `1.5` are one value, and so are `a` and ` a `. */
function kindsOf(cells: readonly Cell[]): number {
  const [first] = cells
  if (cells.every((cell) => cell === first)) return 1
  return new Set(cells.map(plainCell)).size
}

function plainCell(cell: Cell): string {
  const text = (cell ?? '').trim()
  return /^-?\d{1,15}\.\d+$/.test(text) ? String(Number(text)) : text
}

/** Between neighbours; none where one has no time. */
function gapsOf(effects: readonly Effect[]): number[] {
  const times = effects.map(({ at }) => at?.ms)
  if (times.includes(undefined)) return []
  return (times as number[]).slice(1).map((ms, at) => ms - (times[at] as number))
}

/** Of an even number the lower one, so that it is a gap that is there. */
export function medianOf(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}
