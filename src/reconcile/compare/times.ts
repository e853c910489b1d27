import type { Cell } from '../sources/source.ts'
import { parseInstant } from '../values/instant.ts'
import type { SidePlan } from './plan.ts'

/** The time of a row's cells (plan.ts: cellColumns), where it has one that is understood. */
export function timeOf(cells: readonly Cell[], { at, timeStyle }: SidePlan): number | undefined {
  const [text] = cells
  if (at === undefined || timeStyle === undefined || text === undefined || text === null) return undefined
  return parseInstant(text, timeStyle)?.ms
}

export function later(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.max(a, b)
}
