import { seededRandom } from '../../../src/testing/random.ts'

/*
 * Effects as they stand in an export, made from a seed, with what is true of them. Orders come first; stories then add
 * effects that should not be there (or that only look like it), and count what they have added.
 */

export interface EffectRow {
  ref: string
  effect: string
  key: string
  atMs: number
  /** Minor units. */
  amount: number
  worker: string
  segment: number
  instalment: number
}

/** What an audit must come to. */
export interface Truth {
  rows: number
  refs: number
  duplicateRefs: number
  extraRows: number
  extraAmount: number
  unclearRefs: number
  repeatedRows: number
  /** Kinds that must be found, and no others. */
  patterns: Set<string>
}

export const columns = [
  'order_ref',
  'charge_id',
  'idempotency_key',
  'created_at',
  'amount',
  'worker',
  'segment',
  'instalment',
] as const

/** A night of work: orders over an hour, four workers, segments of equal size. */
export class Effects {
  readonly rows: EffectRow[] = []
  readonly truth: Truth = {
    rows: 0,
    refs: 0,
    duplicateRefs: 0,
    extraRows: 0,
    extraAmount: 0,
    unclearRefs: 0,
    repeatedRows: 0,
    patterns: new Set(),
  }
  readonly random: () => number
  readonly startMs: number
  #effects = 0
  #next = 0

  constructor(seed: number, startMs: number = Date.UTC(2026, 5, 3, 2)) {
    this.random = seededRandom(seed)
    this.startMs = startMs
  }

  /** `count` orders that were done once, `stepMs` apart. */
  orders(
    count: number,
    { stepMs = 977, perSegment = 10 }: { stepMs?: number; perSegment?: number } = {},
  ): EffectRow[] {
    const made = Array.from({ length: count }, (_, at) => {
      const ref = `ORD-${100_000 + this.#next++}`
      return this.add({
        ref,
        effect: '',
        key: `key-${ref}`,
        atMs: this.startMs + at * stepMs + Math.floor(this.random() * 400),
        amount: 100 + Math.floor(this.random() * 1_000_000),
        worker: `w${at % 4}`,
        segment: Math.floor(at / perSegment) + 1,
        instalment: 1,
      })
    })
    this.truth.refs += count
    return made
  }

  add(row: EffectRow): EffectRow {
    const added = { ...row, effect: `ch_${String(this.#effects++).padStart(9, '0')}` }
    this.rows.push(added)
    this.truth.rows++
    return added
  }

  /** Does `row` again, and counts it as a duplicate. */
  again(row: EffectRow, change: Partial<EffectRow>): EffectRow {
    this.truth.extraRows++
    this.truth.extraAmount += row.amount
    return this.add({ ...row, ...change })
  }

  /** Some of the rows, spread over all of them. */
  some(rows: readonly EffectRow[], count: number): EffectRow[] {
    const step = rows.length / count
    return Array.from(
      { length: count },
      (_, at) => rows[Math.floor(at * step + this.random() * step)],
    ).filter((row) => row !== undefined)
  }

  jitter(ms: number): number {
    return Math.floor(this.random() * ms)
  }

  /** Every gap once on the way from `low` to `high`, by its logarithm: no gap comes more often than others. */
  spread(low: number, high: number): number {
    return Math.floor(low * (high / low) ** this.random())
  }

  uuid(): string {
    const hex = (length: number): string =>
      Array.from({ length }, () => Math.floor(this.random() * 16).toString(16)).join('')
    return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
  }
}

/** Of one row, in the order of `columns`; amounts in major units. */
export function cellsOf(row: EffectRow): string[] {
  return [
    row.ref,
    row.effect,
    row.key,
    new Date(row.atMs).toISOString(),
    (row.amount / 100).toFixed(2),
    row.worker,
    String(row.segment),
    String(row.instalment),
  ]
}

export interface CsvShape {
  readonly delimiter?: string
  readonly omit?: readonly string[]
}

/** The rows in the order of time, as a log has them. */
export function csvOf(effects: Effects, { delimiter = ',', omit = [] }: CsvShape = {}): string {
  const kept = columns.map((name, at) => ({ name, at })).filter(({ name }) => !omit.includes(name))
  const lines = inOrder(effects).map((row) => {
    const cells = cellsOf(row)
    return kept.map(({ at }) => cells[at]).join(delimiter)
  })
  return [kept.map(({ name }) => name).join(delimiter), ...lines, ''].join('\n')
}

export function jsonlOf(effects: Effects): string {
  const lines = inOrder(effects).map((row) => {
    const cells = cellsOf(row)
    return JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, cells[at]])))
  })
  return `${lines.join('\n')}\n`
}

function inOrder(effects: Effects): EffectRow[] {
  return effects.rows.toSorted((a, b) => a.atMs - b.atMs)
}
