import { birthEpoch, type Entry, type EntryState } from './entry.ts'
import type {
  ClaimRequest,
  ClaimResult,
  PurgeRequest,
  RecallRequest,
  RecallResult,
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
    subject: request.subject,
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
    firstPossibleSendAtMs: request.to === 'started' ? at.nowMs : undefined,
    finishedAtMs: undefined,
    earlierUnknown: false,
    value: undefined,
    valueKept: true,
    error: undefined,
    steps: undefined,
    settledDigest: undefined,
    doubt: undefined,
    resolution: undefined,
    retainMs: request.retainMs,
    buriedState: undefined,
    claimedEpoch: undefined,
  }
}

type Takeover = ClaimRequest & { readonly expect: NonNullable<ClaimRequest['expect']> }

/** A started entry stays started; everything that belonged to the last attempt's end is forgotten. */
function takenOverRow(row: Entry, request: Takeover, at: StoreMoment): Entry {
  const { expect } = request
  const state: EntryState = row.state === 'started' ? 'started' : request.to
  const firstSendMs = expect.keepsFirstSend ? row.firstPossibleSendAtMs : undefined
  return {
    ...row,
    state,
    owner: request.owner,
    epoch: at.epoch,
    attempt: expect.raisesAttempt ? row.attempt + 1 : row.attempt,
    round: expect.round,
    rev: row.rev + 1,
    ownerWrite: 0,
    leaseMs: request.leaseMs,
    leaseUntilMs: at.nowMs + request.leaseMs,
    firstPossibleSendAtMs: firstSendMs ?? (state === 'started' ? at.nowMs : undefined),
    finishedAtMs: undefined,
    earlierUnknown: expect.earlierUnknown,
    value: undefined,
    valueKept: true,
    error: undefined,
    settledDigest: undefined,
    doubt: undefined,
    retainMs: request.retainMs,
    claimedEpoch: undefined,
  }
}

const unsettled: readonly EntryState[] = ['claimed', 'started', 'in_doubt']
const owned: readonly EntryState[] = ['claimed', 'started']

/** `settle`: the owner's write, or the recognition that it was already applied (rule 4). */
export function settleRow(row: Entry | undefined, request: SettleRequest, at: StoreMoment): SettleResult {
  if (row === undefined || row.owner !== request.owner || row.attempt !== request.attempt)
    return { kind: 'stale', entry: row }
  if (row.ownerWrite === request.ownerWrite && (row.settledDigest ?? '') === request.digest) {
    return { kind: 'settled', entry: { ...row, rev: row.rev + 1 } }
  }
  if (request.recognisesOnly === true) return { kind: 'stale', entry: row }
  const isStepWrite = request.to === 'claimed' || request.to === 'started'
  const from = isStepWrite ? owned : unsettled
  if (!from.includes(row.state) || request.ownerWrite <= row.ownerWrite) return { kind: 'stale', entry: row }
  return { kind: 'settled', entry: settledRow(row, request, at) }
}

function settledRow(row: Entry, request: SettleRequest, at: StoreMoment): Entry {
  const state = request.to === 'claimed' ? row.state : request.to
  const isEnd = state === 'succeeded' || state === 'failed'
  return {
    ...row,
    state,
    round: request.round,
    rev: row.rev + 1,
    ownerWrite: request.ownerWrite,
    earlierUnknown: request.earlierUnknown,
    leaseUntilMs: request.endsLease ? Math.min(row.leaseUntilMs, at.nowMs) : row.leaseUntilMs,
    finishedAtMs: isEnd ? at.nowMs : undefined,
    value: request.value,
    valueKept: request.valueKept,
    error: request.error,
    steps: request.steps ?? row.steps,
    settledDigest: request.digest,
    doubt:
      state === 'in_doubt' ? { sinceMs: row.doubt?.sinceMs ?? at.nowMs, why: request.why ?? '' } : row.doubt,
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
  const { to, resolution } = request
  return {
    kind: 'resolved',
    entry: {
      ...row,
      state: to,
      rev: row.rev + 1,
      earlierUnknown: to === 'in_doubt' ? row.earlierUnknown : false,
      finishedAtMs: to === 'succeeded' || to === 'failed' ? at.nowMs : undefined,
      value: request.value,
      valueKept: request.valueKept,
      error: request.error,
      steps: request.steps ?? row.steps,
      doubt: to === 'in_doubt' ? { sinceMs: at.nowMs, why: request.why ?? '' } : row.doubt,
      resolution: resolution === undefined ? row.resolution : { ...resolution, atMs: at.nowMs },
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
  return {
    bury: {
      ...row,
      state: 'tombstone',
      rev: row.rev + 1,
      value: undefined,
      valueKept: false,
      error: undefined,
      steps: undefined,
      settledDigest: undefined,
      buriedState: row.state,
    },
  }
}

/** How far an attempt had come: of the same attempt's states the later one is right. */
const progress: Readonly<Record<EntryState, number>> = {
  claimed: 0,
  started: 1,
  in_doubt: 2,
  released: 3,
  succeeded: 4,
  failed: 4,
  tombstone: 5,
}

/** Owner of a row in which recall believes no attempt: nobody has this token, so nobody's outcome settles it. */
const nobody = ''

/** `recall`: merges what was acknowledged in an earlier epoch into what there is. The same again changes nothing. */
export function recallRow(row: Entry | undefined, { entry }: RecallRequest, at: StoreMoment): RecallResult {
  if (row === undefined) return recalled(undefined, entry, at)
  if (row.owner === nobody && entry.attempt <= row.attempt) return mergeMore(row, entry, at)
  if (isEndedBeforeTakeover(row, entry)) return { kind: 'kept', entry: row }
  if (isFork(row, entry)) return mergeForks(row, entry, at)
  const isTakeover = row.owner !== entry.owner && entry.attempt > row.attempt
  if (isTakeover && hasEnded(row)) return mergeTakeover(row, entry, at)
  return isLater(entry, row) ? recalled(row, entry, at) : { kind: 'kept', entry: row }
}

/**
 * The takeover that is recalled was lost, and the attempt that it followed has ended in this epoch. What is committed
 * with the user's rows is committed, and is not run again.
 */
function isEndedBeforeTakeover(row: Entry, entry: Entry): boolean {
  return row.safety === 'transactional' && hasEnded(row) && !hasEnded(entry)
}

/** Both sides of a conflict are in the row already. That a keyed attempt has ended is news all the same. */
function mergeMore(row: Entry, entry: Entry, at: StoreMoment): RecallResult {
  const isNews = row.state === 'started' && hasEnded(entry)
  return isNews ? recalled(row, entry, at) : { kind: 'kept', entry: row }
}

/** Two attempts that did not know of each other: another owner has claimed in another epoch, or with the same number. */
function isFork(row: Entry, entry: Entry): boolean {
  if (row.owner === entry.owner) return false
  return birthEpoch(row) !== birthEpoch(entry) || row.attempt === entry.attempt
}

/** The row's owner has written its late outcome where the takeover of its attempt, and what that came to, was lost. */
function mergeTakeover(row: Entry, entry: Entry, at: StoreMoment): RecallResult {
  if (didNothing(entry)) return { kind: 'kept', entry: row }
  // A failure speaks for its own attempt only (rule 2).
  if (row.state !== 'succeeded') return recalled(row, entry, at)
  const isOneEffect = row.safety === 'keyed' || row.steps !== undefined || entry.state === 'succeeded'
  if (isOneEffect) return { kind: 'kept', entry: row }
  return { kind: 'conflict', entry: unbelieved(row, entry, { at, state: 'in_doubt' }) }
}

function isLater(entry: Entry, row: Entry): boolean {
  if (entry.attempt !== row.attempt) return entry.attempt > row.attempt
  const ahead = progress[entry.state] - progress[row.state]
  return ahead > 0 || (ahead === 0 && entry.ownerWrite > row.ownerWrite)
}

function mergeForks(row: Entry, entry: Entry, at: StoreMoment): RecallResult {
  if (didNothing(entry)) return { kind: 'kept', entry: row }
  const canFollow = hasEnded(entry) || entry.attempt >= row.attempt
  if (didNothing(row) && canFollow) return recalled(row, entry, at)
  if (row.safety === 'transactional') return { kind: 'kept', entry: row }
  const isKeyed = row.safety === 'keyed' && row.steps === undefined && entry.steps === undefined
  if (isKeyed && hasEnded(row)) return { kind: 'kept', entry: row }
  if (isKeyed && hasEnded(entry)) return recalled(row, entry, at)
  return { kind: 'conflict', entry: unbelieved(row, entry, { at, state: isKeyed ? 'started' : 'in_doubt' }) }
}

/** By the word of the attempt's own owner, or because nothing can have been sent before a step begins. */
function didNothing({ state }: Entry): boolean {
  return state === 'released' || state === 'claimed'
}

function hasEnded({ state }: Entry): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'tombstone'
}

/** As it was acknowledged, but in this epoch, and with a fence that is not below the row's. */
function recalled(row: Entry | undefined, entry: Entry, { epoch }: StoreMoment): RecallResult {
  const born = birthEpoch(entry)
  return {
    kind: 'recalled',
    entry: {
      ...entry,
      epoch,
      attempt: Math.max(entry.attempt, row?.attempt ?? 0),
      rev: Math.max(entry.rev, row?.rev ?? 0) + 1,
      claimedEpoch: born === epoch ? undefined : born,
    },
  }
}

/** Both attempts may have acted. A keyed entry is free to be taken over, with the same effect key; others are in doubt. */
function unbelieved(
  row: Entry,
  entry: Entry,
  { at, state }: { readonly at: StoreMoment; readonly state: 'started' | 'in_doubt' },
): Entry {
  const born = Math.min(birthEpoch(row), birthEpoch(entry))
  const why = `Attempt ${entry.attempt} of epoch ${birthEpoch(entry)} and attempt ${row.attempt} of epoch ${birthEpoch(row)} did not know of each other: the store had lost what it had acknowledged.`
  return {
    ...row,
    state,
    owner: nobody,
    epoch: at.epoch,
    attempt: Math.max(row.attempt, entry.attempt),
    round: Math.max(row.round, entry.round),
    rev: Math.max(row.rev, entry.rev) + 1,
    ownerWrite: 0,
    leaseUntilMs: Math.min(row.leaseUntilMs, at.nowMs),
    firstPossibleSendAtMs: Math.min(
      row.firstPossibleSendAtMs ?? at.nowMs,
      entry.firstPossibleSendAtMs ?? at.nowMs,
    ),
    finishedAtMs: undefined,
    earlierUnknown: true,
    value: undefined,
    valueKept: true,
    error: undefined,
    settledDigest: undefined,
    doubt: state === 'in_doubt' ? { sinceMs: at.nowMs, why } : undefined,
    resolution: undefined,
    buriedState: undefined,
    claimedEpoch: born === at.epoch ? undefined : born,
  }
}
