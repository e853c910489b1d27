import { refOf } from '../audit/facts.ts'
import type { PlacedRow } from '../audit/found.ts'
import type { Grouping } from '../audit/group.ts'
import type { Plan } from '../audit/plan.ts'
import type { DuplicateGroup } from '../audit/report.ts'
import type { Row, Source } from '../sources/source.ts'
import { groupingOf, groupToTell } from './judge-new.ts'

interface Memory {
  readonly opened: Source
  readonly plan: Plan
  readonly maxRefs: number
}

/** Rows that are kept of one reference: a retry storm must not fill the memory. */
const maxRows = 100

/** The rows of the latest references, so that a new one can be held against them. */
export class RefMemory {
  readonly #plan: Plan
  readonly #maxRefs: number
  readonly #grouping: Grouping
  readonly #rows = new Map<string, PlacedRow[]>()
  readonly #duplicated = new Set<string>()
  #position = 0

  constructor({ opened, plan, maxRefs }: Memory) {
    this.#plan = plan
    this.#maxRefs = maxRefs
    this.#grouping = groupingOf(opened, plan)
  }

  get duplicateRefs(): number {
    return this.#duplicated.size
  }

  /** Rows with the reference's columns first, then the plan's. Gives the groups that they have made. */
  add(rows: readonly Row[]): DuplicateGroup[] {
    return rows.flatMap((row) => this.#addOne(row) ?? [])
  }

  #addOne(row: Row): DuplicateGroup | undefined {
    const parts = this.#plan.roles.ref.length
    const id = refOf(row, parts)
    if (id === undefined) return undefined
    const placed = { cells: row.slice(parts), position: this.#position++ }
    const before = this.#rows.get(id)
    if (before === undefined) {
      this.#rows.set(id, [placed])
      this.#forget()
      return undefined
    }
    // The same effect, listed again, is no news.
    if (this.#isRepeated(before, placed)) return undefined
    before.push(placed)
    if (before.length > maxRows) before.splice(1, 1)
    const group = groupToTell({ ref: row.slice(0, parts) as string[], rows: before }, this.#grouping)
    if (group !== undefined) this.#duplicated.add(id)
    return group
  }

  #isRepeated(before: readonly PlacedRow[], placed: PlacedRow): boolean {
    const place = this.#plan.places.effect
    const effect = place === -1 ? null : (placed.cells[place] ?? null)
    return effect !== null && before.some(({ cells }) => cells[place] === effect)
  }

  #forget(): void {
    if (this.#rows.size <= this.#maxRefs) return
    const [oldest] = this.#rows.keys()
    if (oldest === undefined) return
    this.#rows.delete(oldest)
    this.#duplicated.delete(oldest)
  }
}
