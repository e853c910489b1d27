import type { Entry } from './entry.ts'
import type {
  ClaimRequest,
  ClaimResult,
  RecallRequest,
  RecallResult,
  RenewRequest,
  RenewResult,
  ResolveRequest,
  ResolveResult,
  SettleRequest,
  SettleResult,
} from './store.ts'
import { claimRow, recallRow, renewRow, resolveRow, type StoreMoment, settleRow } from './transitions.ts'

/** Reads and writes of single rows, inside whatever makes a batch atomic. */
export interface Rows {
  get(ref: string): Entry | undefined
  put(entry: Entry): void
}

/*
 * One request of a batch: read the row, apply the transition, write what came of it. For stores that run the
 * transitions themselves.
 */

export function applyClaim(rows: Rows, request: ClaimRequest, at: StoreMoment): ClaimResult {
  const result = claimRow(rows.get(request.ref), request, at)
  if (result.kind === 'claimed') rows.put(result.entry)
  return result
}

export function applySettle(rows: Rows, request: SettleRequest, at: StoreMoment): SettleResult {
  const result = settleRow(rows.get(request.ref), request, at)
  if (result.kind === 'settled') rows.put(result.entry)
  return result
}

export function applyRenew(rows: Rows, request: RenewRequest, at: StoreMoment): RenewResult {
  const { result, entry } = renewRow(rows.get(request.ref), request, at)
  if (entry !== undefined) rows.put(entry)
  return result
}

export function applyResolve(rows: Rows, request: ResolveRequest, at: StoreMoment): ResolveResult {
  const result = resolveRow(rows.get(request.ref), request, at)
  if (result.kind === 'resolved') rows.put(result.entry)
  return result
}

export function applyRecall(rows: Rows, request: RecallRequest, at: StoreMoment): RecallResult {
  const result = recallRow(rows.get(request.entry.ref), request, at)
  if (result.kind !== 'kept') rows.put(result.entry)
  return result
}
