import type { Cell, Row } from '../sources/source.ts'
import type { Decisions } from './decisions.ts'
import { comparedCells } from './join-in-rows.ts'
import type { ReconcilePlan } from './plan.ts'

type Agrees = Decisions['agrees']

/** Where the compared cells of two rows do not agree: places in `plan.compare`. */
export function disagreements(
  left: Row,
  right: Row,
  { plan, agrees }: { readonly plan: ReconcilePlan; readonly agrees: Agrees },
): number[] {
  const [a, b] = [comparedCells(left, plan.left), comparedCells(right, plan.right)]
  const cell = (cells: readonly Cell[], at: number): Cell => cells[at] ?? null
  return plan.compare.flatMap(({ tolerance }, at) =>
    agrees(cell(a, at), cell(b, at), tolerance) ? [] : [at],
  )
}

/**
 * Gives each row on the left one of its own on the right that agrees, for as many as can have one: the place on the right,
 * or -1. A tolerance is not transitive, so the first that agrees may have to be given up for another (augmenting paths).
 */
export function pairUp(
  left: readonly Row[],
  right: readonly Row[],
  at: { readonly plan: ReconcilePlan; readonly agrees: Agrees },
): number[] {
  const takenBy = right.map(() => -1)
  const find = (row: number, tried: Set<number>): boolean => {
    for (const [place, other] of right.entries()) {
      if (tried.has(place) || disagreements(left[row] ?? [], other, at).length > 0) continue
      tried.add(place)
      const holder = takenBy[place] ?? -1
      if (holder !== -1 && !find(holder, tried)) continue
      takenBy[place] = row
      return true
    }
    return false
  }
  for (const row of left.keys()) find(row, new Set())
  const pairs = left.map(() => -1)
  for (const [place, row] of takenBy.entries()) if (row !== -1) pairs[row] = place
  return pairs
}
