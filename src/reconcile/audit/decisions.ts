import type { Cell } from '../sources/source.ts'
import type { Certainty, KeyRelation } from './report.ts'

/*
 * What is a duplicate, and how sure that is. Pure, so that a mutant can replace one and the tests must notice.
 */

/** What is seen of the effects of one reference. */
export interface GroupFacts {
  readonly count: number
  readonly keyRelation: KeyRelation
  /** Columns of the payload that are not equal. */
  readonly differs: readonly string[]
  /** Columns whose values are all different, one for each effect. */
  readonly allDiffer: readonly string[]
  readonly amountColumn: string | undefined
  /** One takes back what another did. */
  readonly hasOppositeAmounts: boolean
  readonly gapMs: number | undefined
  /** The reader said with `--within` how far apart effects of one wish may be. */
  readonly isWithinGiven: boolean
  /** The name of a constant that the gap is explained by. */
  readonly knownGap: string | undefined
  /** The column of effect ids, where all have the same one. */
  readonly sharedEffect: string | undefined
}

export type Judgement =
  | { readonly certainty: Certainty; readonly why: string }
  /** Alike, and days apart: only a pattern over many references can tell a rerun from a new order. */
  | { readonly certainty: 'far'; readonly why: string }

const dayMs = 86_400_000
const shortMs = 600_000

/** Longer than a rerun takes to come; from a week on it is a rhythm of the business. */
export const rerunMaxMs: number = 6.5 * dayMs

/** Names of what makes two wishes of one reference two: the third instalment, the second line, a refund. */
const tellsApart =
  /^(instal?ments?|part|parts|sequence|seq|tranche|period|month|due|duedate|leg|line|lineno|lineitem|item|itemid|sku|product|productid|type|kind|event|eventtype|action|position)(no|nr|num|number|id|index)?$/

export function tellsWishesApart(column: string): boolean {
  return tellsApart.test(column.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
}

export function keyRelationOf(keys: readonly Cell[]): KeyRelation {
  const given = keys.filter((key) => key !== null)
  if (given.length === 0) return 'none'
  const kinds = new Set(given).size
  if (given.length === keys.length && kinds === 1) return 'same'
  return given.length === keys.length && kinds === keys.length ? 'different' : 'mixed'
}

/**
 * One wish carried out again repeats it to the letter, soon, or under its own key. What differs is a sign of another
 * wish, and the strongest one that is there decides.
 */
export function judge(group: GroupFacts): Judgement {
  const { keyRelation, differs, allDiffer, amountColumn, gapMs } = group
  if (group.sharedEffect !== undefined)
    return {
      certainty: 'possible',
      why: `all with one ${group.sharedEffect}: the row stands there again, or was written twice`,
    }
  const apart = allDiffer.find(tellsWishesApart)
  if (keyRelation === 'same') {
    if (differs.length === 0) return { certainty: 'sure', why: 'one key and one content: one wish' }
    return { certainty: 'likely', why: `one key, though ${listed(differs)} ${verb(differs)}` }
  }
  if (apart !== undefined)
    return { certainty: 'unclear', why: `each has its own ${apart}: several wishes, as it seems` }
  if (group.hasOppositeAmounts)
    return { certainty: 'unclear', why: 'one amount takes back another: a refund, as it seems' }
  if (amountColumn !== undefined && differs.includes(amountColumn))
    return { certainty: 'unclear', why: 'the amounts differ: instalments or another order, as it seems' }
  const isExplained = group.isWithinGiven || group.knownGap !== undefined
  const isFar = gapMs !== undefined && gapMs > dayMs && !isExplained
  if (differs.length > 0) return judgeDifferent(group, isFar)
  if (isFar) return { certainty: 'far', why: 'equal, but more than a day apart: it may be another order' }
  const gap = group.knownGap === undefined ? '' : `; the gap is ${group.knownGap}`
  return { certainty: 'likely', why: `equal in all that is compared${gap}` }
}

function judgeDifferent({ differs, gapMs }: GroupFacts, isFar: boolean): Judgement {
  const what = `${listed(differs)} ${verb(differs)}`
  if (isFar) return { certainty: 'unclear', why: `${what}, more than a day apart` }
  const isSoon = gapMs !== undefined && gapMs <= shortMs
  return { certainty: 'possible', why: isSoon ? `${what}, but they follow each other closely` : what }
}

const maxListed = 3

function listed(columns: readonly string[]): string {
  const shown = columns.slice(0, maxListed).join(', ')
  return columns.length > maxListed ? `${shown} and ${columns.length - maxListed} more` : shown
}

function verb(columns: readonly string[]): string {
  return columns.length === 1 ? 'differs' : 'differ'
}

/** How far a gap may be from another and still be the same: clocks and latencies differ, and some times have no fractions. */
export function toleranceMs(gapMs: number, isFine: boolean): number {
  return Math.max(isFine ? 50 : 500, gapMs * 0.05)
}

/** Two workers between a check and an act; what is recorded in whole seconds cannot tell. */
export const raceMaxMs = 250

export function isRace(group: {
  gapMs: number | undefined
  isFine: boolean
  workers: number | undefined
}): boolean {
  const { gapMs, isFine, workers } = group
  return gapMs !== undefined && isFine && gapMs < raceMaxMs && (workers === undefined || workers > 1)
}

export interface Decisions {
  readonly keyRelationOf: typeof keyRelationOf
  readonly judge: typeof judge
  readonly toleranceMs: typeof toleranceMs
  readonly isRace: typeof isRace
}

export const decisions: Decisions = { keyRelationOf, judge, toleranceMs, isRace }
