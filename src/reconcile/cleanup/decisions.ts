import type { Cell } from '../sources/source.ts'
import { idText, type KeepRule, type NamedRow, type PlannedKey } from './plan.ts'

/*
 * Which row stays, and whether the data is still what the plan was made from. Pure, so that a mutant can replace one and
 * the tests must notice.
 */

/** A row of the right side, as far as it matters here. */
export interface Candidate {
  readonly id: readonly string[]
  readonly atMs: number | undefined
  /** It agrees with a row of the left side in all that is compared. */
  readonly isBacked: boolean
  readonly cells: readonly Cell[]
}

/** The rows in the order in which they have a right to stay: backed ones, then by time as the rule says, then by id. */
export function orderToKeep<Row extends Candidate>(rows: readonly Row[], rule: KeepRule): Row[] {
  const sign = rule === 'first' ? 1 : -1
  return rows.toSorted(
    (a, b) =>
      Number(b.isBacked) - Number(a.isBacked) ||
      sign * byTime(a.atMs, b.atMs) ||
      sign * compareIds(a.id, b.id),
  )
}

export function ruleText(rule: KeepRule): string {
  const which = rule === 'first' ? 'earliest' : 'latest'
  const id = rule === 'first' ? 'lowest' : 'highest'
  return `Of the rows of a key as many stay as the left side has: first those that agree with it, then the ${which} ones, then those of the ${id} id.`
}

/** A row without a time comes last. */
function byTime(a: number | undefined, b: number | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return a - b
}

function compareIds(a: readonly string[], b: readonly string[]): number {
  for (const [at, part] of a.entries()) {
    const other = b[at] ?? ''
    if (part === other) continue
    const isNumber = /^\d+$/.test(part) && /^\d+$/.test(other)
    if (isNumber && part.length !== other.length) return part.length - other.length
    return part < other ? -1 : 1
  }
  return 0
}

/** The first row that stays and that `row` repeats, cell by cell. */
export function twinOf(row: Candidate, kept: readonly Candidate[]): Candidate | undefined {
  return kept.find(({ cells }) => cells.every((cell, at) => cell === row.cells[at]))
}

export interface KeyState {
  /** Rows of the key that are there and not removed. */
  readonly live: readonly NamedRow[]
  /** Ids of its rows that this plan has removed already. */
  readonly removed: ReadonlySet<string>
  /** How many rows the left side has now, where that was looked at. */
  readonly left?: number
}

/** Why a planned key may not be touched any more; undefined where all is as the plan says. */
export function staleness(planned: PlannedKey, { live, removed, left }: KeyState): string | undefined {
  if (left !== undefined && left !== planned.left)
    return `the left side has ${left} rows of it now instead of ${planned.left}`
  const expected = [...planned.keep, ...planned.remove.filter(({ id }) => !removed.has(idText(id)))]
  const now = new Map(live.map((row) => [idText(row.id), row.digest]))
  for (const { id, digest } of expected) {
    const found = now.get(idText(id))
    if (found === undefined) return `row ${id.join(', ')} is gone`
    if (found !== digest) return `row ${id.join(', ')} was changed`
    now.delete(idText(id))
  }
  const [added] = now.keys()
  return added === undefined ? undefined : `row ${(JSON.parse(added) as string[]).join(', ')} has come`
}

export interface CleanupDecisions {
  readonly orderToKeep: typeof orderToKeep
  readonly twinOf: typeof twinOf
  readonly staleness: typeof staleness
}

export const cleanupDecisions: CleanupDecisions = { orderToKeep, twinOf, staleness }
