import { isOncewardError, OncewardError, optionInvalid } from '../kernel/errors.ts'
import { ownerToken } from '../kernel/ids.ts'
import { delay } from '../kernel/runtime.ts'
import { runAttempt } from './attempt.ts'
import { Claimed } from './claimed.ts'
import { consider, type Decided, look, type Seen } from './consider.ts'
import { closedError, type Ledger } from './context.ts'
import type { Call } from './door.ts'
import type { Entry } from './entry.ts'
import { readClocks } from './heartbeat.ts'
import type { Answer } from './group-commit.ts'
import type { Guarded } from './guarded.ts'
import { type KeyLint, lintKey } from './key-lint.ts'
import { type Outcome, replayOf } from './outcome.ts'
import { frozenSafety } from './rules.ts'
import type { Leader } from './running.ts'
import type { ClaimRequest, ClaimResult } from './store.ts'
import { refuseTwin, watchForTwins } from './twins.ts'
import { recordHappened } from './resolve.ts'
import type { RunUnguarded } from './unguarded.ts'

/** Caller → guard → group commit → store (verdict) → effect → group commit → store (outcome). */
export async function guard(
  ledger: Ledger,
  asked: Pick<Guarded, 'call' | 'effect' | 'makeSteps'> & { readonly runUnguarded?: RunUnguarded },
): Promise<Outcome> {
  const { call, effect } = asked
  if (ledger.running.isClosed) throw closedError()
  if (typeof effect !== 'function') throw optionInvalid('effect', 'a function', effect)
  const inside = ledger.inside.getStore()
  if (inside !== undefined && ledger.rules.waitsOnItself(inside, call.identity.ref)) {
    throw optionInvalid('intent', 'another one than the effect it is called from', call.identity.key)
  }
  const guarded: Guarded = {
    ledger,
    call,
    effect,
    makeSteps: asked.makeSteps,
    waitUntilMs: ledger.options.runtime.monotonicMs() + call.waitMs,
  }
  try {
    if (!ledger.isOpen()) await ledger.open()
    const lint =
      ledger.options.keyLint === 'off' ? undefined : lintKey(call.key, ledger.options.runtime.wallMs())
    if (lint !== undefined && lint.kind !== 'fine') await checkKey(guarded, lint)
    // Most calls have their entry to themselves.
    const isAlone = ledger.running.get(call.identity.ref) === undefined
    const outcome = await (isAlone ? lead(guarded) : follow(guarded))
    if (outcome.kind === 'in-progress') {
      const code = outcome.why === 'recall' ? 'RECALL_PENDING' : 'IN_PROGRESS'
      ledger.events.emit('refused', call.identity, { verdict: 'refuse', code })
    }
    return outcome
  } catch (error) {
    if (isOncewardError(error, 'STORE_UNAVAILABLE') && asked.runUnguarded !== undefined)
      return asked.runUnguarded(guarded, error)
    if (isOncewardError(error)) {
      ledger.events.emit('refused', call.identity, { verdict: 'refuse', code: error.code })
    }
    throw error
  }
}

/** The lint never refuses a key that the ledger already holds. */
async function checkKey(guarded: Guarded, lint: Exclude<KeyLint, { kind: 'fine' }>): Promise<void> {
  const { ledger, call } = guarded
  const { keyLint, storeTimeoutMs } = ledger.options
  if (lint.kind === 'unstable' && keyLint === 'refuse') {
    const { result } = await ledger.lanes.read.ask(call.identity.ref, storeTimeoutMs)
    if (result === undefined)
      throw new OncewardError('KEY_UNSTABLE', lint.message, { details: { key: call.identity.key } })
    return
  }
  ledger.events.emit('key_unstable', call.identity, { message: lint.message })
}

/** Waits in memory for a call of this process that is at the same entry; otherwise leads. */
async function follow(guarded: Guarded): Promise<Outcome> {
  const { ledger, call } = guarded
  for (;;) {
    if (ledger.running.isClosed) throw closedError()
    const leader = ledger.running.get(call.identity.ref)
    if (leader === undefined) return lead(guarded)
    if (leader.entry !== undefined && leader.identity.fingerprint !== call.identity.fingerprint)
      throw keyReused(call)
    const mayWait = call.onConcurrent === 'wait' && leader.followers < ledger.options.maxWaiters
    const shared = mayWait ? await waitFor(guarded, leader) : await verdictOf(guarded, leader)
    if (shared === 'owned') continue
    if (shared === 'late')
      return { kind: 'in-progress', entry: leader.entry, retryAfterMs: call.operation.leaseMs }
    if (leader.identity.fingerprint !== call.identity.fingerprint) continue
    if (shared?.kind === 'ran' || shared?.kind === 'replay') return replayOf(ledger, shared.entry)
    if (shared?.kind === 'failed') return { kind: 'failed', entry: shared.entry }
  }
}

/**
 * Whoever will not wait for the work waits for the verdict all the same: it may be a replay, which is not in progress,
 * and a mismatch comes first. `owned`: the leader has claimed the entry by now.
 */
function verdictOf({ call }: Guarded, leader: Leader): Promise<Outcome | undefined | 'owned'> | 'late' {
  if (call.onConcurrent === 'wait' || leader.entry !== undefined) return 'late'
  return new Promise((resolve) => {
    leader.onOwned.push(() => resolve('owned'))
    leader.onEnd.push(resolve)
  })
}

function keyReused(call: Call): OncewardError {
  return new OncewardError('KEY_REUSED', 'The key is being used with another input.', {
    details: { ref: call.identity.ref },
  })
}

function waitFor(guarded: Guarded, leader: Leader): Promise<Outcome | undefined | 'late'> {
  const { ledger, call, waitUntilMs } = guarded
  const { runtime } = ledger.options
  leader.followers += 1
  ledger.events.emit('waiting', leader.entry ?? call.identity, { verdict: 'wait', local: true })
  return new Promise((resolve) => {
    const timer = runtime.setTimer(Math.max(waitUntilMs - runtime.monotonicMs(), 0), () => {
      leader.followers -= 1
      resolve('late')
    })
    leader.onEnd.push((outcome) => {
      timer.cancel()
      resolve(outcome)
    })
  })
}

/** Claims until this call owns the entry or has a verdict about somebody else's. */
async function lead(guarded: Guarded): Promise<Outcome> {
  const { running, options } = guarded.ledger
  if (running.isClosed) throw closedError()
  const leader = running.lead(guarded.call.identity)
  let outcome: Outcome | undefined
  try {
    const owner = ownerToken(options.runtime)
    let target: Target = { owner }
    let refusals = 0
    for (;;) {
      const turn = await (mustLook(guarded, target) ? held(guarded) : claim(guarded, target))
      if (turn.kind === 'claimed') {
        const { known } = target
        const ended = await (known === undefined
          ? own(guarded, leader, turn.claimed)
          : recorded(guarded.ledger, turn.claimed.entry, known))
        if (ended !== 'not-begun') return (outcome = ended)
        leader.entry = undefined
        target = { owner: ownerToken(options.runtime), known }
      } else if (turn.kind === 'gone') {
        target = { owner, known: target.known }
      } else {
        refusals = isSame(target.entry, turn.seen.entry) ? refusals + 1 : 0
        const considered = await consider(guarded, turn.seen, { owner, refusals })
        if (considered.kind === 'done') return (outcome = considered.outcome)
        const { known } = target
        target =
          considered.kind === 'take'
            ? { ...considered, owner, known: known ?? considered.known }
            : { owner, known }
      }
    }
  } finally {
    // Not relied upon when the process dies: then nobody is left to wake.
    running.end(leader, outcome)
  }
}

/** What has happened is not done again: what the target says came of it is recorded. */
async function recorded(
  ledger: Ledger,
  entry: Entry,
  known: NonNullable<Decided['known']>,
): Promise<Outcome | 'not-begun'> {
  const succeeded = await recordHappened(ledger, entry, known.value)
  return succeeded === undefined ? 'not-begun' : replayOf(ledger, succeeded)
}

/** What to claim: an absent entry, or the row that was seen; what has been decided, in which epoch. */
type Target = { readonly owner: string } & Partial<Decided>

/** In a young epoch an entry that is absent may have been lost, and its workers may not have recalled it yet. */
function mustLook({ ledger }: Guarded, target: Target): boolean {
  return target.epoch === undefined && ledger.recalling?.isYoung === true
}

async function held(guarded: Guarded): Promise<Turn> {
  return { kind: 'held', seen: await look(guarded) }
}

/** A row that was to be taken over and has not changed. */
function isSame(row: Entry | undefined, later: Entry | undefined): boolean {
  return row !== undefined && row.attempt === later?.attempt && row.rev === later.rev
}

type Turn =
  | { readonly kind: 'claimed'; readonly claimed: Claimed }
  | { readonly kind: 'held'; readonly seen: Seen }
  | { readonly kind: 'gone' }

async function claim(guarded: Guarded, target: Target): Promise<Turn> {
  const { ledger, call } = guarded
  const since = readClocks(ledger.options.runtime)
  const { epoch = ledger.recalling?.epoch } = target
  const request = claimRequest(call, target, epoch)
  let answer: Answer<ClaimResult>
  try {
    answer = await ledger.lanes.claim.ask(request, ledger.options.storeTimeoutMs)
  } catch (error) {
    // An effect that will run without the ledger is not said to be undone.
    const runsAnyway = call.operation.onStoreOutage === 'run' && isOncewardError(error, 'STORE_UNAVAILABLE')
    if (!runsAnyway) abandon(ledger, request, target.known !== undefined)
    throw error
  }
  const { result, nowMs } = answer
  if (result.kind === 'gone') return { kind: 'gone' }
  if (result.kind === 'held') return { kind: 'held', seen: { entry: result.entry, nowMs } }
  const { entry } = result
  ledger.events.emit('claimed', entry, { verdict: 'run', takeover: entry.attempt > 1 })
  return { kind: 'claimed', claimed: new Claimed({ ledger, call, entry, nowMs, since }) }
}

/** Runs the effect, unless the lease had lapsed before it could begin: then the entry is given back, untouched. */
async function own(guarded: Guarded, leader: Leader, claimed: Claimed): Promise<Outcome | 'not-begun'> {
  const { call } = guarded
  leader.entry = claimed.entry
  for (const tell of leader.onOwned.splice(0)) tell()
  leader.abort = (reason) => claimed.lose(reason)
  const watchesTwins =
    claimed.entry.subject !== undefined && claimed.entry.fingerprint !== '' && call.operation.onTwin !== 'off'
  if (watchesTwins && call.operation.onTwin === 'refuse') await refuseTwin(claimed)
  if (!claimed.holdsLease) {
    const stop = await regain(guarded, claimed)
    if (stop !== undefined) return stop
  }
  if (isKeyExpired(claimed)) return doubtExpired(claimed)
  const stopWatching = watchesTwins ? watchForTwins(claimed) : undefined
  const outcome = await runAttempt(claimed, guarded)
  stopWatching?.(outcome.kind !== 'failed')
  return outcome
}

/** Rule 5 once more: the process may have stood still since it was decided to send the key again. */
function isKeyExpired({ ledger, call, entry, storeNowMs }: Claimed): boolean {
  const safety = frozenSafety(entry.safety, call.operation.safety)
  if (safety.kind !== 'keyed' || !entry.earlierUnknown || call.operation.steps) return false
  return !ledger.rules.keyedMayRun(entry.firstPossibleSendAtMs ?? entry.claimedAtMs, safety, storeNowMs)
}

async function doubtExpired(claimed: Claimed): Promise<Outcome> {
  const { round, earlierUnknown } = claimed.entry
  const why = 'The target may have forgotten the effect key: its lifetime is over.'
  const settlement = { to: 'in_doubt', round, earlierUnknown, endsLease: true, why } as const
  const { kind } = await claimed.settle(claimed.request(settlement, { valueKept: true }))
  if (kind === 'settled') claimed.ledger.events.emit('in_doubt', claimed.entry, { why })
  return { kind: 'in-doubt', entry: claimed.entry }
}

/** The lease has lapsed, or nearly, before the effect: it is renewed, or nothing begins. */
async function regain(guarded: Guarded, claimed: Claimed): Promise<Outcome | 'not-begun' | undefined> {
  const { ledger, waitUntilMs } = guarded
  try {
    await claimed.ensureLease()
    claimed.mustHoldLease()
    return undefined
  } catch {
    await claimed.giveBack('the lease had lapsed before the effect could begin').catch(() => undefined)
    if (!ledger.running.isClosed && ledger.options.runtime.monotonicMs() < waitUntilMs) return 'not-begun'
    return {
      kind: 'lease-lost',
      entry: claimed.entry,
      message: 'The lease had lapsed before the effect could begin.',
      code: 'LEASE_LOST',
    }
  }
}

function claimRequest(call: Call, target: Target, decidedIn: number | undefined): ClaimRequest {
  const { ref, scope, operation, key, subject, fingerprint } = call.identity
  const { safety, steps, leaseMs, retainMs } = call.operation
  const { owner, entry, takeover } = target
  const request: ClaimRequest = {
    ref,
    scope,
    operation,
    key,
    subject,
    fingerprint,
    safety: safety.kind,
    to: steps ? 'claimed' : 'started',
    owner,
    leaseMs,
    retainMs,
    decidedIn,
  }
  if (entry === undefined || takeover === undefined) return request
  return { ...request, expect: { attempt: entry.attempt, rev: entry.rev, ...takeover } }
}

/**
 * The store did not acknowledge a claim, which may have come about all the same. Its effect has not begun, and the
 * owner says so as soon as the store can be reached, so that nobody waits for a lease that nobody holds.
 */
function abandon(ledger: Ledger, request: ClaimRequest, hasHappened: boolean): void {
  const attempt = (request.expect?.attempt ?? 0) + (request.expect?.raisesAttempt === false ? 0 : 1)
  const round = request.expect?.round ?? 0
  // Rule 2: an earlier attempt that nobody knows the end of, or that has happened, is not undone by this one.
  const earlierUnknown = hasHappened || request.expect?.earlierUnknown === true
  const to = earlierUnknown ? 'claimed' : 'released'
  const error = { code: 'CLAIM_ABANDONED', message: 'the claim was not acknowledged; nothing was sent' }
  const { ref, owner } = request
  const letGo = {
    to,
    round,
    earlierUnknown,
    endsLease: true,
    valueKept: true,
    error,
    ownerWrite: 1,
    digest: 'abandoned',
  } as const
  const { runtime, storeTimeoutMs } = ledger.options
  const release = async (): Promise<boolean> => {
    const { result } = await ledger.lanes.settle.ask({ ref, owner, attempt, ...letGo }, storeTimeoutMs * 3)
    return result.kind === 'settled'
  }
  // The claim may be under way still, and arrive behind this.
  const releaseTwice = async (): Promise<void> => {
    if (await release()) return
    await delay(runtime, storeTimeoutMs)
    await release()
  }
  releaseTwice().catch(() => undefined)
}
