import type { Batch, Source } from '../sources/source.ts'
import { FactsFold, refOf } from './facts.ts'
import type { Found, PlacedRow, RefRows } from './found.ts'
import type { Plan } from './plan.ts'

/** Rows of files below this are kept from the first pass: to read them again would take longer. */
const keptMaxBytes = 32_000_000

/**
 * Two passes over the rows: the first counts references and gathers the facts, the second keeps the rows of those that
 * come more than once. Memory holds each reference once, and the rows of the groups that are not whole yet.
 */
export async function findInRows(source: Source, plan: Plan): Promise<Found> {
  const fold = new FactsFold(plan)
  const counts = new RefCounts()
  const all = [...fold.columns, ...plan.columns]
  const kept: Batch[] | undefined = (source.bytes ?? Infinity) < keptMaxBytes ? [] : undefined
  for await (const batch of source.scan(kept === undefined ? fold.columns : all)) {
    kept?.push(batch)
    for (const row of batch.rows) {
      const ref = fold.add(row)
      if (ref !== undefined) counts.add(ref)
    }
  }
  const { repeated } = counts
  const parts = plan.roles.ref.length
  const again = (): AsyncIterable<Batch> | readonly Batch[] => kept ?? source.scan(all)
  return { facts: fold.read(), groups: () => groups(again, { repeated, parts, from: fold.columns.length }) }
}

/** A Set holds 2^24 members at most, and a file of 200 MB may have more lines than that. */
const maxInSet = 1 << 23

class RefCounts {
  readonly repeated = new Map<string, number>()
  readonly #seen: Set<string>[] = [new Set()]

  add(ref: string): void {
    const count = this.repeated.get(ref)
    if (count !== undefined) {
      this.repeated.set(ref, count + 1)
      return
    }
    if (this.#seen.some((set) => set.has(ref))) {
      this.repeated.set(ref, 2)
      return
    }
    let last = this.#seen.at(-1)
    if (last === undefined || last.size >= maxInSet) this.#seen.push((last = new Set()))
    last.add(ref)
  }
}

interface Wanted {
  readonly repeated: ReadonlyMap<string, number>
  /** Columns of a reference, the first ones of a row. */
  readonly parts: number
  /** Where the plan's columns begin. */
  readonly from: number
}

async function* groups(
  batches: () => AsyncIterable<Batch> | readonly Batch[],
  { repeated, parts, from }: Wanted,
): AsyncGenerator<RefRows, void, undefined> {
  if (repeated.size === 0) return
  const open = new Map<string, PlacedRow[]>()
  for await (const { rows, firstPosition } of batches()) {
    for (const [at, row] of rows.entries()) {
      const ref = refOf(row, parts)
      const count = ref === undefined ? undefined : repeated.get(ref)
      if (ref === undefined || count === undefined) continue
      const placed = { cells: row.slice(from), position: firstPosition + at }
      const group = open.get(ref)
      if (group === undefined) open.set(ref, [placed])
      else if (group.push(placed) === count) {
        open.delete(ref)
        yield { ref: partsOf(ref, parts), rows: group }
      }
    }
  }
}

function partsOf(ref: string, parts: number): readonly string[] {
  return parts === 1 ? [ref] : (JSON.parse(ref) as string[])
}
