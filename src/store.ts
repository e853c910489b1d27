/**
 * `onceward/store`: what the author of a store needs: the contract, the faults that the ledger acts on, and what each
 * conditional write does to a row, as pure functions.
 *
 * `docs/reference/testing.md` leads through it, `examples/toy-store` is a whole store made of it.
 */
export {
  applyClaim,
  applyRecall,
  applyRenew,
  applyResolve,
  applySettle,
  type Rows,
} from './ledger/apply.ts'
export { type CursorPosition, decodeCursor, encodeCursor, pageOf } from './ledger/cursor.ts'
export type { Entry, EntryError, EntryState, Resolution, StepsDocument } from './ledger/entry.ts'
export { isSameLineage, lineageConflict } from './ledger/lineage.ts'
export {
  type ClaimRequest,
  type ClaimResult,
  type Expectation,
  isStoreFault,
  type Lineage,
  type ListPage,
  type ListQuery,
  type PurgeRequest,
  type PurgeResult,
  type RecallRequest,
  type RecallResult,
  type RecordStore,
  type RenewRequest,
  type RenewResult,
  type Reply,
  type ResolveRequest,
  type ResolveResult,
  type SettleRequest,
  type SettleResult,
  type Store,
  type StoredRecord,
  StoreFault,
  type StoreFaultKind,
  type TransactionResult,
  type TwinRequest,
} from './ledger/store.ts'
export {
  claimRow,
  purgeRow,
  renewRow,
  resolveRow,
  settleRow,
  type StoreMoment,
} from './ledger/transitions.ts'
export { isTwin, matches, newestFirst } from './stores/memory/index.ts'
