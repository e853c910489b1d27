import type { Entry } from '../../ledger/entry.ts'
import type { Ending, Settlement, Verdict } from '../../ledger/rules.ts'
import type { ClaimRequest, ResolveRequest, SettleRequest } from '../../ledger/store.ts'
import { inputOf, type World } from './production.ts'
import {
  type Heard,
  isYoung,
  leaseMs,
  recallWaitMs,
  report,
  setPhase,
  setWorker,
  type State,
  type Target,
  type Told,
  type Worker,
} from './state.ts'

/*
 * What a worker does between the messages: the guard of src/ledger, with every decision left to production.
 */

export interface At {
  readonly world: World
  readonly state: State
  /** The worker. */
  readonly by: number
}

export function workerOf({ state, by }: At): Worker {
  return state.workers[by] as Worker
}

/** A claim is sent. */
export function sendClaim(
  at: At,
  { entry, takeover, isKnown = false, epoch = workerOf(at).epoch }: Target,
): void {
  const { world, state, by } = at
  const { token } = workerOf(at)
  const request: ClaimRequest = {
    ref: 'k',
    scope: '',
    operation: 'o',
    key: 'k',
    fingerprint: String(inputOf(world, by)),
    safety: world.options.safety,
    to: 'started',
    owner: world.production.ownerOf(by, token),
    leaseMs,
    retainMs: 1,
    decidedIn: epoch,
    ...(entry === undefined || takeover === undefined
      ? {}
      : { expect: { attempt: entry.attempt, rev: entry.rev, ...takeover } }),
  }
  setPhase(state, by, { at: 'claim', request, isKnown, sinceMs: state.nowMs })
}

/** As if nothing were known: claims, or in a young epoch looks first. */
export function afresh(at: At): void {
  if (isYoung(at.state, workerOf(at))) setPhase(at.state, at.by, { at: 'poll' })
  else sendClaim(at, {})
}

/** The row as it is now, or none: what the guard's `consider` does about it. */
export function look(at: At): void {
  const { state } = at
  if (state.row === undefined && !isYoung(state, workerOf(at))) sendClaim(at, {})
  else consider(at, state.row, state.nowMs)
}

const firstRun: Verdict = {
  kind: 'run',
  takeover: { raisesAttempt: true, round: 0, earlierUnknown: false, keepsFirstSend: false },
}

/** Acts on the verdict about an entry that was seen. */
export function consider(at: At, entry: Entry | undefined, nowMs: number): void {
  const { world, state, by } = at
  const verdict = verdictOf(at, entry, nowMs)
  const { epoch } = workerOf(at)
  switch (verdict.kind) {
    case 'run':
      return isOwned(at, entry) && !world.production.mustClaimOwn
        ? own(at, entry as Entry, nowMs)
        : sendClaim(at, { entry, takeover: verdict.takeover })
    case 'wait':
      return setPhase(state, by, { at: 'poll' })
    case 'replay':
      return replay(at, entry as Entry)
    case 'refuse':
      return tell(at, 'refused')
    case 'doubt':
      return tell(at, 'doubt')
    case 'enter-doubt':
      return setPhase(state, by, {
        at: 'resolve',
        request: resolving(entry as Entry, 'in_doubt'),
        next: 'doubt',
      })
    case 'ask':
      return setPhase(state, by, { at: 'ask', entry, epoch })
    case 'ask-first': {
      const { takeover, believesNo } = verdict
      return setPhase(state, by, { at: 'ask', entry, epoch, first: { takeover, believesNo } })
    }
  }
}

function isOwned(at: At, entry: Entry | undefined): boolean {
  return entry?.owner === at.world.production.ownerOf(at.by, workerOf(at).token)
}

function verdictOf(at: At, entry: Entry | undefined, nowMs: number): Verdict {
  const { world, state, by } = at
  const { rules, recall, ownerOf } = world.production
  const { safety } = world
  const worker = workerOf(at)
  const caller = { fingerprint: String(inputOf(world, by)), owner: ownerOf(by, worker.token), safety }
  const decided = entry === undefined ? firstRun : rules.decide(entry, caller, nowMs)
  const { beganAtMs } = state
  if (beganAtMs === undefined || !isYoung(state, worker)) return decided
  const young = { epoch: state.epoch, beganAtMs, untilMs: beganAtMs + recallWaitMs }
  return recall.awaitRecall(decided, entry, { safety, steps: false, leaseMs, nowMs, young })
}

export function resolving(entry: Entry, to: ResolveRequest['to'], effect?: number): ResolveRequest {
  const { ref, attempt, rev } = entry
  return {
    ref,
    expect: { attempt, rev },
    to,
    valueKept: true,
    ...(effect === undefined ? {} : { value: Uint8Array.of(effect) }),
    ...(to === 'in_doubt' ? { why: 'w' } : { resolution: { by: 'verify', because: 'asked' } }),
  }
}

/** The worker owns the entry: its effect begins, unless the lease has lapsed before it could. */
export function own(at: At, entry: Entry, sinceMs: number): void {
  const { world, state, by } = at
  if (holdsLease(world, sinceMs, state.nowMs)) beginInTime(at, entry, sinceMs)
  else setPhase(state, by, { at: 'regain', entry, epoch: workerOf(at).epoch })
}

function holdsLease({ production }: World, sinceMs: number, nowMs: number): boolean {
  const reading = (ms: number): { monotonicMs: number; wallMs: number } => ({ monotonicMs: ms, wallMs: ms })
  return production.rules.holdsLease(reading(sinceMs), reading(nowMs), leaseMs)
}

/** Rule 5 once more: the takeover was decided upon earlier, and its worker may have stood still since. */
export function beginInTime(at: At, entry: Entry, sinceMs: number): void {
  const { world, state } = at
  const { safety } = world
  const sentMs = entry.firstPossibleSendAtMs ?? entry.claimedAtMs
  const isLate =
    entry.earlierUnknown &&
    safety.kind === 'keyed' &&
    !world.production.rules.keyedMayRun(sentMs, safety, state.nowMs)
  if (!isLate) return begin(at, entry, sinceMs)
  const { round, earlierUnknown } = entry
  const settlement = { to: 'in_doubt', round, earlierUnknown, endsLease: true } as const
  const request = settling(entry, settlement, { ownerWrite: 1 })
  setPhase(state, at.by, { at: 'settle', entry, request, isGivingBack: false })
}

/** Sends the effect, and checks that nobody may mind (I4, I5). */
function begin(at: At, entry: Entry, sinceMs: number): void {
  const { world, state, by } = at
  const { row } = state
  if (row !== undefined && row.epoch === entry.epoch && row.attempt > entry.attempt) {
    // A keyed entry of which neither attempt is believed has no owner: the next caller sends the same key.
    if (state.hasConflict && world.options.safety === 'keyed') state.residual ??= 'recall-conflict'
    else report(state, 'I4', `attempt ${entry.attempt} began after attempt ${row.attempt} had taken over`)
  }
  if (entry.fingerprint !== String(inputOf(world, by)))
    report(state, 'I6', 'an effect began with another input than its entry has')
  setPhase(state, by, { at: 'run', entry, sinceMs })
  if (world.options.safety === 'transactional') return
  if (world.options.safety === 'blind' && state.lastSend === 'open')
    report(state, 'I5', 'a blind effect was sent again, and nobody knew how it had ended before')
  state.lastSend = 'open'
  const effectKey = world.production.rules.effectKey(entry)
  const { token } = workerOf(at)
  state.wire = [
    ...state.wire,
    { worker: by, token, effectKey, sentMs: state.nowMs, input: inputOf(world, by) },
  ]
}

/** The effect has ended, as its worker hears: the outcome is going to be written. */
export function conclude(at: At, entry: Entry, heard: Heard): void {
  const { world, state, by } = at
  const settlement = world.production.rules.settlement(entry, endingOf(world, heard), {
    retry: world.options.retry ?? 'never',
  })
  const value = heard.kind === 'done' ? Uint8Array.of(heard.effect) : undefined
  const request = settling(entry, settlement, { ownerWrite: 1, value })
  setPhase(state, by, { at: 'settle', entry, request, isGivingBack: false })
}

/** Thrown by an effect whose answer did not come: a second call of it may have been refused a connection. */
const lostAnswer = { code: 'ECONNREFUSED', message: '' }

function endingOf(world: World, heard: Heard): Ending {
  if (heard.kind === 'done') return { kind: 'succeeded' }
  const thrown = { isDefinite: heard.kind === 'no', code: heard.kind === 'no' ? 'NO' : lostAnswer.code }
  const kind = world.production.rules.classify(thrown, { singleCall: false })
  return { kind, error: lostAnswer }
}

export function settling(
  entry: Pick<Entry, 'ref' | 'owner' | 'attempt'>,
  settlement: Settlement,
  { ownerWrite, value }: { readonly ownerWrite: number; readonly value?: Uint8Array | undefined },
): SettleRequest {
  const { to, round, earlierUnknown, endsLease, error, why } = settlement
  const { ref, owner, attempt } = entry
  const digest = `${to.charAt(0)}${to.charAt(1)}${ownerWrite}${value?.[0] ?? ''}`
  const request = { ref, owner, attempt, ownerWrite, to, round, earlierUnknown, endsLease, value }
  return { ...request, valueKept: true, error, why, digest }
}

/** Gives the entry back before anything has begun. */
export function giveBack(at: At, entry: Entry): void {
  const { round, earlierUnknown } = entry
  const settlement: Settlement = {
    to: earlierUnknown ? 'claimed' : 'released',
    round,
    earlierUnknown,
    endsLease: true,
    error: { code: 'NOT_BEGUN', message: '' },
  }
  const request = settling(entry, settlement, { ownerWrite: 1 })
  setPhase(at.state, at.by, { at: 'settle', entry, request, isGivingBack: true })
}

/** What the worker remembers of what it has been acknowledged. */
export function wrote(at: At, entry: Entry, endsLease: boolean): void {
  const { running } = workerOf(at)
  if (!endsLease && (entry.state === 'started' || entry.state === 'claimed'))
    return setWorker(at.state, at.by, { running: entry })
  if (at.world.production.recall.remembers(entry))
    setWorker(at.state, at.by, { running: undefined, ended: entry })
  else if (running?.owner === entry.owner) setWorker(at.state, at.by, { running: undefined })
}

export function forget(at: At, owner: string): void {
  if (workerOf(at).running?.owner === owner) setWorker(at.state, at.by, { running: undefined })
}

function replay(at: At, entry: Entry): void {
  if (entry.state === 'failed') return tell(at, 'failed')
  told(at, entry, false)
}

/** A caller is told of success. */
export function told(at: At, entry: Entry, isOwn: boolean): void {
  const { world, state, by } = at
  const effect = entry.value?.[0] ?? 0
  if (state.effects === 0) toldOfNothing(at, isOwn)
  if (!state.isRecorded) report(state, 'I7', 'a caller was told of a success that was never on record')
  if (entry.fingerprint !== String(inputOf(world, by)))
    report(state, 'I6', 'a caller was given the result of another input')
  if (state.given !== 0 && state.given !== effect)
    report(state, 'I3', 'two callers were given two different results')
  state.given = effect
  if (world.options.safety === 'transactional') {
    const isDurable = isOwn || state.standbyEffects > 0 || state.budget.failovers === 0
    state.rowsTold = isDurable ? 'durable' : state.rowsTold === 'durable' ? 'durable' : 'seen'
  }
  tell(at, 'ok')
}

/** An answer of the primary that was lost is given by who has not heard of the new one yet: with it the rows were lost. */
function toldOfNothing(at: At, isOwn: boolean): void {
  const { world, state } = at
  const { replication, safety } = world.options
  const isUnaware = safety === 'transactional' && workerOf(at).epoch < state.epoch
  if (isUnaware && replication === 'async') state.residual ??= 'transactional-rows-lost'
  else if (isUnaware && !isOwn) state.residual ??= 'read-before-durable'
  else report(state, 'I2', 'a caller was told of an effect that has not happened')
}

export function tell(at: At, what: Told): void {
  if (what === 'failed' && at.state.effects > 0 && at.state.row?.state === 'failed')
    report(at.state, 'I2', 'a caller was told that it failed for good, and it has happened')
  setPhase(at.state, at.by, { at: 'done', told: what })
}
