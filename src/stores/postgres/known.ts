import type { Entry } from '../../ledger/entry.ts'

/** An instance rarely has more attempts in flight. */
const maxKnown = 5_000

/**
 * The rows as this store last saw them acknowledged, while their attempts run.
 *
 * A write says which rev it believes the row has. Every write raises the rev, so where it is that one, the row is
 * known but for what the write itself changed, and need not come back over the wire; where it is not, it does.
 * Only a memory: nothing is decided by it.
 */
export class KnownRows {
  readonly #rows = new Map<string, Entry>()

  /** After an acknowledged claim, renewal or step. Rows with steps may be large, and are not worth the room. */
  keep(entry: Entry): void {
    if (entry.steps !== undefined) return this.forget(entry.ref)
    this.#rows.delete(entry.ref)
    this.#rows.set(entry.ref, entry)
    if (this.#rows.size <= maxKnown) return
    const [oldest] = this.#rows.keys()
    if (oldest !== undefined) this.#rows.delete(oldest)
  }

  /** The row of the attempt that `by` owns. */
  get(by: { readonly ref: string; readonly owner: string; readonly attempt: number }): Entry | undefined {
    const row = this.#rows.get(by.ref)
    return row?.owner === by.owner && row.attempt === by.attempt ? row : undefined
  }

  forget(ref: string): void {
    this.#rows.delete(ref)
  }

  /** What was acknowledged under another lineage may never have been. */
  clear(): void {
    this.#rows.clear()
  }
}
