import type { Source } from '../sources/source.ts'
import { FactsFold, refOf } from './facts.ts'
import type { Found, PlacedRow, RefRows } from './found.ts'
import type { Plan } from './plan.ts'

/**
 * Two passes over the rows: the first counts references and gathers the facts, the second keeps the rows of those that
 * come more than once. Memory holds each reference once, and the rows of the groups that are not whole yet.
 */
export async function findInRows(source: Source, plan: Plan): Promise<Found> {
  const fold = new FactsFold(plan)
  const counts = new RefCounts()
  for await (const { rows } of source.scan(fold.columns)) {
    for (const row of rows) {
      const ref = fold.add(row)
      if (ref !== undefined) counts.add(ref)
    }
  }
  return { facts: fold.read(), groups: () => groups(source, plan, counts.repeated) }
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

async function* groups(
  source: Source,
  plan: Plan,
  repeated: ReadonlyMap<string, number>,
): AsyncGenerator<RefRows, void, undefined> {
  if (repeated.size === 0) return
  const { roles, columns } = plan
  const parts = roles.ref.length
  const open = new Map<string, PlacedRow[]>()
  for await (const { rows, firstPosition } of source.scan([...roles.ref, ...columns])) {
    for (const [at, row] of rows.entries()) {
      const ref = refOf(row, parts)
      const count = ref === undefined ? undefined : repeated.get(ref)
      if (ref === undefined || count === undefined) continue
      const placed = { cells: row.slice(parts), position: firstPosition + at }
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
