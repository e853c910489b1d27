import type { Cell } from '../sources/source.ts'
import { parseInstant } from '../values/instant.ts'
import { type Decimal, parseDecimal, within, withinShare } from './decimal.ts'

/*
 * What agrees, what is missing and what may still come. Pure, so that a mutant can replace one and the tests must notice.
 */

export const cardinalities = ['1:0', '0:1', '2+:0', '0:2+', '1:1', '1:2+', '2+:1', '2+:2+'] as const
export type Cardinality = (typeof cardinalities)[number]

/** How many rows a key has left and right. One of them has at least one. */
export function cardinalityOf(left: number, right: number): Cardinality {
  const side = (count: number): string => (count > 1 ? '2+' : String(count))
  return `${side(left)}:${side(right)}` as Cardinality
}

/** What `--compare` allows two values to differ by. */
export type Tolerance =
  | { readonly kind: 'exact' }
  | { readonly kind: 'absolute'; readonly limit: Decimal }
  | { readonly kind: 'relative'; readonly percent: Decimal }
  | { readonly kind: 'time'; readonly ms: number }

/**
 * Do two values say the same? Numbers are compared as numbers (10 and 10.00) and moments as moments, where both are
 * some; a time without a zone is one only beside another without. With a tolerance, what is no number or no time is
 * compared as text.
 */
export function agrees(left: Cell, right: Cell, tolerance: Tolerance): boolean {
  if (left === right) return true
  if (left === null || right === null) return false
  const [a, b] = [parseDecimal(left), parseDecimal(right)]
  if (a !== undefined && b !== undefined) {
    if (tolerance.kind === 'relative') return withinShare(a, b, tolerance.percent)
    return within(a, b, tolerance.kind === 'absolute' ? tolerance.limit : { units: 0n, scale: 0 })
  }
  const [from, to] = [parseInstant(left, 'iso'), parseInstant(right, 'iso')]
  if (from === undefined || to === undefined || from.hasZone !== to.hasZone) return false
  return Math.abs(from.ms - to.ms) <= (tolerance.kind === 'time' ? tolerance.ms : 0)
}

/** A row that has no counterpart is missing only once that had its time to come: `graceMs` before `asOfMs`. */
export function isPending(atMs: number | undefined, asOfMs: number, graceMs: number): boolean {
  return atMs !== undefined && atMs > asOfMs - graceMs
}

export type Verdict = 'matched' | 'missing' | 'extra' | 'duplicated' | 'uneven' | 'mismatched' | 'pending'

export interface KeyFacts {
  readonly left: number
  readonly right: number
  /** Each row of the one side has its own row of the other that agrees with it. */
  readonly isPaired: boolean
  /** Its youngest row is inside the grace. */
  readonly isYoung: boolean
}

/** Every key is one of these, and only one. */
export function verdictOf({ left, right, isPaired, isYoung }: KeyFacts): Verdict {
  if (left === 0 || right === 0) {
    if (isYoung) return 'pending'
    return right === 0 ? 'missing' : 'extra'
  }
  if (left === right) return isPaired ? 'matched' : 'mismatched'
  return left === 1 ? 'duplicated' : 'uneven'
}

export interface Decisions {
  readonly cardinalityOf: typeof cardinalityOf
  readonly agrees: typeof agrees
  readonly isPending: typeof isPending
  readonly verdictOf: typeof verdictOf
}

export const decisions: Decisions = { cardinalityOf, agrees, isPending, verdictOf }
