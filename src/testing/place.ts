import type { Store } from '../ledger/store.ts'

/**
 * What a store can do beyond the plain contract. A case that needs a trait is skipped, with the reason, on stores
 * without it.
 * - `shared`: several handles may work on the same data at once (processes, instances).
 * - `durable`: what was acknowledged is still there after every handle was closed.
 * - `transactions`: `store.transaction` works, and the place has `userRows`.
 */
export type StoreTrait = 'shared' | 'durable' | 'transactions'

/** A store and where the suite finds fresh room for it. */
export interface StoreUnderTest {
  /** For the suite's title. */
  readonly name: string
  readonly traits: readonly StoreTrait[]
  /** Makes an empty place: a folder, a schema, a table prefix. Called once per case, seldom twice. */
  create(): StorePlace | Promise<StorePlace>
}

/** An empty place that one case has for itself. */
export interface StorePlace {
  /** A new handle on this place's data, not opened. Every handle is closed at the end of the case. */
  connect(): Store | Promise<Store>
  /** For stores with transactions: how a row of the caller's own is written and read. */
  readonly userRows?: UserRows
  /** Removes the place. Called after every handle was closed, also when the case failed. */
  destroy?(): void | Promise<void>
}

/** The caller's own rows beside the ledger, for `attempt.transaction`. */
export interface UserRows {
  /** Inserts `text` with what `store.transaction` hands to its `work`. Synchronous where the store demands it. */
  insert(transaction: unknown, text: string): void | Promise<void>
  /** Every text that was committed, in any order, read outside of any transaction. */
  list(): readonly string[] | Promise<readonly string[]>
}
