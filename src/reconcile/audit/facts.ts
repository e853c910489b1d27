import type { Row } from '../sources/source.ts'
import {
  type AmountFacts,
  type AmountStyle,
  amountStyleOf,
  commaPattern,
  isAmount,
} from '../values/amount.ts'
import { parseInstant } from '../values/instant.ts'
import type { Plan } from './plan.ts'

/** What must be known of all rows before one of them can be judged. */
export interface Facts {
  /** With a reference. */
  readonly rows: number
  readonly withoutRef: number
  readonly times: TimeFacts
  readonly amounts: AmountFacts & { readonly unreadable: number }
  /** Rows of each segment; undefined where there are too many, or no such column. */
  readonly segments: ReadonlyMap<string, number> | undefined
}

export interface TimeFacts {
  readonly fromMs: number | undefined
  readonly toMs: number | undefined
  readonly withoutZone: number
  readonly unreadable: number
}

/** The readings that follow from the facts and the options. */
export interface Readings {
  readonly amountStyle: AmountStyle
  /** Times are instants: none lacks a zone, or UTC may be assumed. */
  readonly isAbsolute: boolean
}

export function readingsOf(facts: Facts, { settings }: Plan): Readings {
  return {
    amountStyle: amountStyleOf(facts.amounts),
    isAbsolute: facts.times.withoutZone === 0 || settings.assumeUtc,
  }
}

export const maxSegments = 10_000
const comma = new RegExp(commaPattern)

/** Gathers the facts row by row. Cells are those of `columns`. */
export class FactsFold {
  readonly columns: readonly string[]
  readonly #plan: Plan
  readonly #at: number
  readonly #amount: number
  readonly #segment: number
  #rows = 0
  #withoutRef = 0
  #times = { fromMs: Infinity, toMs: -Infinity, withoutZone: 0, unreadable: 0 }
  #amounts = { points: 0, commas: 0, unreadable: 0 }
  #segments: Map<string, number> | undefined = new Map()

  constructor(plan: Plan) {
    const { roles } = plan
    this.#plan = plan
    this.columns = [...roles.ref, ...[roles.at, roles.amount, roles.segment].flatMap((name) => name ?? [])]
    this.#at = roles.at === undefined || plan.timeStyle === undefined ? -1 : this.columns.indexOf(roles.at)
    this.#amount = roles.amount === undefined ? -1 : this.columns.indexOf(roles.amount)
    this.#segment = roles.segment === undefined ? -1 : this.columns.indexOf(roles.segment)
    if (this.#segment === -1) this.#segments = undefined
  }

  /** The reference of the row, as one text; undefined where it has none. */
  add(row: Row): string | undefined {
    const ref = refOf(row, this.#plan.roles.ref.length)
    if (ref === undefined) {
      this.#withoutRef++
      return undefined
    }
    this.#rows++
    if (this.#at !== -1) this.#time(row[this.#at] ?? null)
    if (this.#amount !== -1) this.#money(row[this.#amount] ?? null)
    if (this.#segments !== undefined) this.#count(row[this.#segment] ?? '')
    return ref
  }

  read(): Facts {
    const { fromMs, toMs, withoutZone, unreadable } = this.#times
    const hasTimes = fromMs !== Infinity
    return {
      rows: this.#rows,
      withoutRef: this.#withoutRef,
      times: {
        fromMs: hasTimes ? fromMs : undefined,
        toMs: hasTimes ? toMs : undefined,
        withoutZone,
        unreadable,
      },
      amounts: this.#amounts,
      segments: this.#segments,
    }
  }

  #time(text: string | null): void {
    const style = this.#plan.timeStyle
    if (text === null || style === undefined) return
    const instant = parseInstant(text, style)
    if (instant === undefined) {
      this.#times.unreadable++
      return
    }
    if (!instant.hasZone) this.#times.withoutZone++
    if (instant.ms < this.#times.fromMs) this.#times.fromMs = instant.ms
    if (instant.ms > this.#times.toMs) this.#times.toMs = instant.ms
  }

  #money(text: string | null): void {
    if (text === null) return
    if (!isAmount(text)) this.#amounts.unreadable++
    else if (comma.test(text)) this.#amounts.commas++
    else if (text.includes('.')) this.#amounts.points++
  }

  #count(segment: string): void {
    const segments = this.#segments
    if (segments === undefined) return
    segments.set(segment, (segments.get(segment) ?? 0) + 1)
    if (segments.size > maxSegments) this.#segments = undefined
  }
}

/** One text for the first `parts` cells; undefined where one of them is empty. */
export function refOf(row: Row, parts: number): string | undefined {
  if (parts === 1) return row[0] ?? undefined
  const cells = row.slice(0, parts)
  return cells.includes(null) ? undefined : JSON.stringify(cells)
}
