import { makeRecalling } from '../../ledger/recalling.ts'
import { type MemoryData, memoryData } from './data.ts'

/*
 * A memory store that can lose what it has acknowledged, as a database does that fails over to an asynchronous
 * standby. For tests and simulation.
 */

/** Empty data that can lose their latest writes, and whose stores say so. */
export function losableData(): MemoryData {
  return { ...memoryData(), undo: [], recalling: makeRecalling }
}

/** How much has been written: what `failOver` may keep. */
export function writesOf(data: MemoryData): number {
  return data.undo?.length ?? 0
}

export interface FailOver {
  /** How many of the writes the standby has; those after them are lost. */
  readonly keep: number
  /** What the standby calls its timeline. Default: one more than the one it has followed, so that two of one parent
   * choose the same number. */
  readonly timeline?: number
}

/** The standby takes over. Writes on their way will reach it; it may lack the latest of those that were acknowledged. */
export function failOver(data: MemoryData, { keep, timeline }: FailOver): void {
  loseWrites(data, keep)
  data.timeline = timeline ?? (data.lineage?.timeline ?? 0) + 1
}

/** The server comes back with less than it had acknowledged, and as if nothing had happened. */
export function loseWrites(data: MemoryData, keep: number): void {
  for (const undo of data.undo?.splice(keep).toReversed() ?? []) undo()
}

/** A copy with a life of its own: what a standby has, while the primary goes on. */
export function standbyOf(data: MemoryData): MemoryData {
  const { lineage, timeline } = data
  return {
    ...losableData(),
    rows: new Map(data.rows),
    records: new Map(data.records),
    timeline,
    ...(lineage === undefined ? {} : { lineage }),
  }
}
