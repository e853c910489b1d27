import type { Entry, EntryState } from './entry.ts'
import type {
  ClaimRequest,
  ClaimResult,
  PurgeRequest,
  RenewRequest,
  RenewResult,
  ResolveRequest,
  ResolveResult,
  SettleRequest,
  SettleResult,
} from './store.ts'

/*
 * What each conditional write of the Store contract does to a row, once, as pure functions. The memory and SQLite
 * stores run these inside their transactions; the SQL of other stores says the same, and the contract suite and the
 * model test hold it to that.
 */

/** The store's clock and epoch while it works a batch. */
export interface StoreMoment {
  readonly nowMs: number
  readonly epoch: number
}

/** What may be claimed again: whatever the caller decided, the store refuses an edge that DESIGN.md section 2 lacks. */
const claimable: readonly EntryState[] = ['claimed', 'started', 'released']

/** `claim`: inserts what is absent, takes over what is unchanged, otherwise shows what is there. */
export function claimRow(row: Entry | undefined, request: ClaimRequest, at: StoreMoment): ClaimResult {
  const { expect } = request
  if (row === undefined)
    return expect === undefined ? { kind: 'claimed', entry: insertedRow(request, at) } : { kind: 'gone' }
  if (expect === undefined || row.attempt !== expect.attempt || row.rev !== expect.rev)
    return { kind: 'held', entry: row }
  if (!claimable.includes(row.state)) return { kind: 'held', entry: row }
  return { kind: 'claimed', entry: takenOverRow(row, { ...request, expect }, at) }
}

function insertedRow(request: ClaimRequest, at: StoreMoment): Entry {
  return {
    ref: request.ref,
    scope: request.scope,
    operation: request.operation,
    key: request.key,
    ...(request.subject === undefined ? {} : { subject: request.subject }),
    state: request.to,
    safety: request.safety,
    fingerprint: request.fingerprint,
    owner: request.owner,
    epoch: at.epoch,
    attempt: 1,
    round: 0,
    rev: 1,
    ownerWrite: 0,
    leaseMs: request.leaseMs,
    leaseUntilMs: at.nowMs + request.leaseMs,
    claimedAtMs: at.nowMs,
    ...(request.to === 'started' ? { firstPossibleSendAtMs: at.nowMs } : {}),
    earlierUnknown: false,
    valueKept: true,
    retainMs: request.retainMs,
  }
}

type Takeover = ClaimRequest & { readonly expect: NonNullable<ClaimRequest['expect']> }

/** A started entry stays started; everything that belonged to the last attempt's end is forgotten. */
function takenOverRow(row: Entry, request: Takeover, at: StoreMoment): Entry {
  const { expect } = request
  const state: EntryState = row.state === 'started' ? 'started' : request.to
  const firstSendMs = expect.keepsFirstSend ? row.firstPossibleSendAtMs : undefined
  const sendsFromMs = firstSendMs ?? (state === 'started' ? at.nowMs : undefined)
  return {
    ref: row.ref,
    scope: row.scope,
    operation: row.operation,
    key: row.key,
    ...(row.subject === undefined ? {} : { subject: row.subject }),
    state,
    safety: row.safety,
    fingerprint: row.fingerprint,
    owner: request.owner,
    epoch: at.epoch,
    attempt: expect.raisesAttempt ? row.attempt + 1 : row.attempt,
    round: expect.round,
    rev: row.rev + 1,
    ownerWrite: 0,
    leaseMs: request.leaseMs,
    leaseUntilMs: at.nowMs + request.leaseMs,
    claimedAtMs: row.claimedAtMs,
    ...(sendsFromMs === undefined ? {} : { firstPossibleSendAtMs: sendsFromMs }),
    earlierUnknown: expect.earlierUnknown,
    valueKept: true,
    ...(row.steps === undefined ? {} : { steps: row.steps }),
    retainMs: request.retainMs,
  }
}

const unsettled: readonly EntryState[] = ['claimed', 'started', 'in_doubt']
const owned: readonly EntryState[] = ['claimed', 'started']

/** `settle`: the owner's write, or the recognition that it was already applied (rule 4). */
export function settleRow(row: Entry | undefined, request: SettleRequest, at: StoreMoment): SettleResult {
  if (row === undefined || row.owner !== request.owner || row.attempt !== request.attempt)
    return { kind: 'stale', entry: row }
  if (row.ownerWrite === request.ownerWrite && row.settledDigest === request.digest) {
    return { kind: 'settled', entry: { ...row, rev: row.rev + 1 } }
  }
  const isStepWrite = request.to === 'claimed' || request.to === 'started'
  const from = isStepWrite ? owned : unsettled
  if (!from.includes(row.state) || request.ownerWrite <= row.ownerWrite) return { kind: 'stale', entry: row }
  return { kind: 'settled', entry: settledRow(row, request, at) }
}

function settledRow(row: Entry, request: SettleRequest, at: StoreMoment): Entry {
  const { finishedAtMs: _finished, value: _value, error: _error, ...kept } = row
  const state = request.to === 'claimed' ? row.state : request.to
  const isEnd = state === 'succeeded' || state === 'failed'
  return {
    ...kept,
    state,
    round: request.round,
    rev: row.rev + 1,
    ownerWrite: request.ownerWrite,
    earlierUnknown: request.earlierUnknown,
    leaseUntilMs: request.endsLease ? Math.min(row.leaseUntilMs, at.nowMs) : row.leaseUntilMs,
    valueKept: request.valueKept,
    settledDigest: request.digest,
    ...(isEnd ? { finishedAtMs: at.nowMs } : {}),
    ...(request.value === undefined ? {} : { value: request.value }),
    ...(request.error === undefined ? {} : { error: request.error }),
    ...(request.steps === undefined ? {} : { steps: request.steps }),
    ...(state === 'in_doubt'
      ? { doubt: { sinceMs: row.doubt?.sinceMs ?? at.nowMs, why: request.why ?? '' } }
      : {}),
  }
}

/** `renew`: moves the lease of what is still owned. */
export function renewRow(
  row: Entry | undefined,
  request: RenewRequest,
  at: StoreMoment,
): { result: RenewResult; entry?: Entry } {
  if (row === undefined || row.owner !== request.owner || row.attempt !== request.attempt)
    return { result: { kind: 'lost' } }
  if (row.state === 'in_doubt') return { result: { kind: 'lost' } }
  if (!owned.includes(row.state)) return { result: { kind: 'finished' } }
  const leaseUntilMs = Math.max(row.leaseUntilMs, at.nowMs + request.leaseMs)
  return { result: { kind: 'renewed', leaseUntilMs }, entry: { ...row, leaseUntilMs, rev: row.rev + 1 } }
}

/** The edges of DESIGN.md section 2 that somebody other than the owner may write. */
const resolvable: Readonly<Record<ResolveRequest['to'], readonly EntryState[]>> = {
  succeeded: ['started', 'in_doubt'],
  failed: ['in_doubt'],
  released: ['claimed', 'in_doubt'],
  in_doubt: ['started'],
}

/** `resolve`: a doubt, a verify answer or a decision, on a row that has not changed since it was read. */
export function resolveRow(row: Entry | undefined, request: ResolveRequest, at: StoreMoment): ResolveResult {
  if (row === undefined || row.attempt !== request.expect.attempt || row.rev !== request.expect.rev)
    return { kind: 'stale', entry: row }
  if (!resolvable[request.to].includes(row.state)) return { kind: 'stale', entry: row }
  const { finishedAtMs: _finished, value: _value, error: _error, ...kept } = row
  const isEnd = request.to === 'succeeded' || request.to === 'failed'
  return {
    kind: 'resolved',
    entry: {
      ...kept,
      state: request.to,
      rev: row.rev + 1,
      valueKept: request.valueKept,
      earlierUnknown: request.to === 'in_doubt' ? row.earlierUnknown : false,
      ...(isEnd ? { finishedAtMs: at.nowMs } : {}),
      ...(request.value === undefined ? {} : { value: request.value }),
      ...(request.error === undefined ? {} : { error: request.error }),
      ...(request.steps === undefined ? {} : { steps: request.steps }),
      ...(request.to === 'in_doubt' ? { doubt: { sinceMs: at.nowMs, why: request.why ?? '' } } : {}),
      ...(request.resolution === undefined ? {} : { resolution: { ...request.resolution, atMs: at.nowMs } }),
    },
  }
}

/** `purge`: what happens to one row; `undefined` where nothing does. Started and in-doubt rows are never touched. */
export function purgeRow(
  row: Entry,
  request: PurgeRequest,
  nowMs: number,
): { bury: Entry } | 'delete' | undefined {
  if (row.finishedAtMs === undefined) return undefined
  const retainedUntilMs = row.finishedAtMs + row.retainMs
  if (row.state === 'tombstone') {
    return request.tombstoneMs !== undefined && retainedUntilMs + request.tombstoneMs <= nowMs
      ? 'delete'
      : undefined
  }
  if ((row.state !== 'succeeded' && row.state !== 'failed') || retainedUntilMs > nowMs) return undefined
  const { value: _value, error: _error, steps: _steps, settledDigest: _digest, ...kept } = row
  return { bury: { ...kept, state: 'tombstone', buriedState: row.state, valueKept: false, rev: row.rev + 1 } }
}
