import type { ErrorCode } from '../kernel/errors.ts'
import { effectKeyOf } from './effect-key.ts'
import type { Entry, EntryError, EntryState, StepRecord } from './entry.ts'
import { type ParsedSafety, type SafetyKind, defaultSettleMs } from './safety.ts'

/*
 * The decisions of the ledger, as pure functions: the numbers are those of DESIGN.md section 2, repeated in
 * ARCHITECTURE.md. The guard calls them through `Rules`, so that a test or a simulation can put one broken decision in
 * their place; nothing a user can set does.
 */

/** What a caller may do with an entry. */
export type Verdict =
  /** Take the entry with a conditional write, then run. */
  | { readonly kind: 'run'; readonly takeover: Takeover }
  /** Somebody owns it, or it is too early to ask. Look again after at most `retryAfterMs`. */
  | { readonly kind: 'wait'; readonly retryAfterMs: number; readonly why?: 'recall' }
  | { readonly kind: 'replay'; readonly state: 'succeeded' | 'failed' }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly message: string }
  /** In doubt already. */
  | { readonly kind: 'doubt' }
  /** The lease lapsed and nothing may follow: put the entry in doubt, then answer so. */
  | { readonly kind: 'enter-doubt'; readonly why: string }
  /** Ask the target whether it happened. */
  | { readonly kind: 'ask' }
  /** The ledger may have lost what it knew: ask the target, and run it if it did not happen. */
  | {
      readonly kind: 'ask-first'
      readonly takeover: Takeover
      /** Whether its no is believed already; where not, or where it cannot tell, look again after at most `retryAfterMs`. */
      readonly believesNo: boolean
      readonly retryAfterMs: number
    }

export interface Takeover {
  readonly raisesAttempt: boolean
  readonly round: number
  readonly earlierUnknown: boolean
  readonly keepsFirstSend: boolean
}

/** What the decision needs to know of the caller. */
export interface Caller {
  readonly fingerprint: string
  /** Token of the claim this caller has just sent: its own row is recognised by it. */
  readonly owner?: string
  readonly safety: ParsedSafety
}

/** What recall has to do with a call. */
export interface RecallAbout {
  readonly safety: ParsedSafety
  readonly steps: boolean
  readonly leaseMs: number
  /** The store's clock. */
  readonly nowMs: number
}

/** An epoch in which others may not have asserted yet what they were acknowledged before it. By the store's clock. */
export interface YoungMoment {
  readonly epoch: number
  readonly beganAtMs: number
  readonly untilMs: number
}

/** How an attempt ended, as far as the effect told. */
export type Ending =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'definite-failure'; readonly error: EntryError; readonly retryable?: boolean }
  | { readonly kind: 'unknown'; readonly error: EntryError }

/** What the owner writes about it. */
export interface Settlement {
  readonly to: Exclude<EntryState, 'tombstone'>
  readonly round: number
  readonly earlierUnknown: boolean
  readonly endsLease: boolean
  readonly error?: EntryError | undefined
  readonly why?: string | undefined
}

/** Two clocks read at one moment (rule 8). */
export interface ClockReading {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** Every decision that a mutant may replace. */
export interface Rules {
  decide(entry: Entry, caller: Caller, nowMs: number): Verdict
  classify(
    thrown: { readonly isDefinite: boolean; readonly code: unknown },
    operation: { readonly singleCall: boolean },
  ): 'definite-failure' | 'unknown'
  settlement(entry: Entry, ending: Ending, operation: { readonly retry: 'never' | 'on-failure' }): Settlement
  holdsLease(since: ClockReading, now: ClockReading, leaseMs: number): boolean
  effectKey: typeof effectKeyOf
  keyedMayRun(
    firstPossibleSendAtMs: number,
    safety: { readonly keyLifetimeMs: number; readonly requestTimeoutMs: number },
    nowMs: number,
  ): boolean
  stepDiverges(record: Pick<StepRecord, 'inputDigest'>, inputDigest: string): boolean
  waitsOnItself(inside: readonly string[], ref: string): boolean
  /** Those of a store that can lose what it acknowledged, where they are not the ones of `recall-rules.ts`. */
  readonly recall?: Partial<RecallRules>
}

/** An epoch, and when it began by the store's clock; the first has no beginning. */
export interface EpochBegan {
  readonly epoch: number
  readonly beganAtMs?: number | undefined
}

export interface RecallRules {
  awaitRecall(
    verdict: Verdict,
    entry: Pick<Entry, 'epoch' | 'claimedEpoch' | 'safety' | 'steps'> | undefined,
    about: RecallAbout & { readonly young: YoungMoment },
  ): Verdict
  remembers(entry: Pick<Entry, 'safety' | 'state'>): boolean
  believes(named: EpochBegan, stands: EpochBegan): boolean
  restate<Q extends Restatable>(request: Q, acknowledged: Entry, lineage: EpochBegan): Q
}

/** What is looked at of an owner's write. */
export type Restatable = Settlement & Pick<Entry, 'steps'>

/** Decides what a caller may do with `entry` at `nowMs`, the store's clock. */
export function decide(entry: Entry, caller: Caller, nowMs: number): Verdict {
  // Rule 7: before anything else, whatever the state.
  if (entry.fingerprint !== caller.fingerprint) return keyReused(entry)
  switch (entry.state) {
    case 'succeeded':
    case 'failed':
      return { kind: 'replay', state: entry.state }
    case 'tombstone':
      return {
        kind: 'refuse',
        code: 'KEY_EXPIRED',
        message: `This work has ${entry.buriedState ?? 'ended'}; its result has been forgotten.`,
      }
    case 'released':
      return run(entry, { earlierUnknown: entry.earlierUnknown, keepsFirstSend: false })
    case 'in_doubt':
      return canAsk(entry, caller.safety, nowMs) ? { kind: 'ask' } : { kind: 'doubt' }
    default:
      return decideOwned(entry, caller, nowMs)
  }
}

function keyReused(entry: Entry): Verdict {
  const message = `The key was used before with another input (entry ${entry.ref}). New work needs a new key.`
  return { kind: 'refuse', code: 'KEY_REUSED', message }
}

function run(entry: Entry, takeover: { earlierUnknown: boolean; keepsFirstSend: boolean }): Verdict {
  return { kind: 'run', takeover: { raisesAttempt: true, round: entry.round, ...takeover } }
}

function decideOwned(entry: Entry, caller: Caller, nowMs: number): Verdict {
  if (caller.owner === entry.owner) {
    // Rule 4: our own claim, whose reply was lost. Seen is not yet durable: it is claimed by a write once more.
    const { round, earlierUnknown } = entry
    return { kind: 'run', takeover: { raisesAttempt: false, round, earlierUnknown, keepsFirstSend: true } }
  }
  if (entry.leaseUntilMs > nowMs) return { kind: 'wait', retryAfterMs: entry.leaseUntilMs - nowMs }
  if (entry.state === 'claimed')
    return run(entry, { earlierUnknown: maySendUnlisted(entry), keepsFirstSend: true })
  return entry.steps === undefined
    ? decideLapsed(entry, caller.safety, nowMs)
    : decideLapsedSteps(entry, nowMs)
}

/** The table of DESIGN.md section 2: a lapsed lease never means "not done". */
function decideLapsed(entry: Entry, given: ParsedSafety, nowMs: number): Verdict {
  const safety = frozenSafety(entry.safety, given)
  switch (safety.kind) {
    case 'transactional':
      return run(entry, { earlierUnknown: false, keepsFirstSend: true })
    case 'keyed':
      return keyedMayRun(entry.firstPossibleSendAtMs ?? entry.claimedAtMs, safety, nowMs)
        ? run(entry, { earlierUnknown: true, keepsFirstSend: true })
        : { kind: 'enter-doubt', why: 'The target may have forgotten the effect key: its lifetime is over.' }
    case 'verifiable': {
      const askFromMs = entry.leaseUntilMs + safety.settleMs
      if (askFromMs > nowMs) return { kind: 'wait', retryAfterMs: askFromMs - nowMs }
      return safety.verify === undefined
        ? { kind: 'enter-doubt', why: 'No verify function is registered for this operation.' }
        : { kind: 'ask' }
    }
    case 'blind':
      return {
        kind: 'enter-doubt',
        why: 'The lease lapsed after the effect may have begun, and its target cannot be asked.',
      }
  }
}

/** A stepped entry may be resumed when each step that began without an outcome may. */
function decideLapsedSteps(entry: Entry, nowMs: number): Verdict {
  const open = (entry.steps?.steps ?? []).filter((step) => step.state === 'started')
  const blind = open.find((step) => step.safety === 'blind')
  if (blind !== undefined) {
    return {
      kind: 'enter-doubt',
      why: `The step "${blind.name}" may have begun, and its target cannot be asked.`,
    }
  }
  const settleMs = Math.max(0, ...open.map((step) => step.settleMs ?? 0))
  const askFromMs = entry.leaseUntilMs + settleMs
  if (askFromMs > nowMs) return { kind: 'wait', retryAfterMs: askFromMs - nowMs }
  return run(entry, { earlierUnknown: maySendUnlisted(entry), keepsFirstSend: true })
}

/**
 * A keyed step needs no start on record (rule 9), so an attempt that died may have sent one that is not listed. One
 * that ended itself has left an error, and a complete list.
 */
function maySendUnlisted(entry: Entry): boolean {
  return entry.earlierUnknown || entry.error === undefined
}

/** The kind is frozen at the claim; its parameters are the caller's, where the kind is the same. */
export function frozenSafety(kind: SafetyKind, given: ParsedSafety): ParsedSafety {
  if (given.kind === kind) return given
  switch (kind) {
    case 'keyed':
      return { kind, keyLifetimeMs: 23 * 60 * 60 * 1000, requestTimeoutMs: 60_000 }
    case 'verifiable':
      return { kind, settleMs: defaultSettleMs }
    default:
      return { kind }
  }
}

function canAsk(entry: Entry, given: ParsedSafety, nowMs: number): boolean {
  if (entry.safety !== 'verifiable' || given.kind !== 'verifiable' || entry.steps !== undefined) return false
  return given.verify !== undefined && entry.leaseUntilMs + given.settleMs <= nowMs
}

/** Rule 5: from the first possible send, less one request's life; takeovers never move it. */
export function keyedMayRun(
  firstPossibleSendAtMs: number,
  safety: { readonly keyLifetimeMs: number; readonly requestTimeoutMs: number },
  nowMs: number,
): boolean {
  return nowMs < firstPossibleSendAtMs + safety.keyLifetimeMs - safety.requestTimeoutMs
}

const notSentCodes: readonly unknown[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // Of `onceward/fetch`, which has seen that not a byte was written on any of its attempts.
  'NOT_SENT',
]

/** Rule 1: only a `DefiniteFailure` says "not done"; a raw code does where the effect makes exactly one call. */
export function classify(
  thrown: { readonly isDefinite: boolean; readonly code: unknown },
  operation: { readonly singleCall: boolean },
): 'definite-failure' | 'unknown' {
  if (thrown.isDefinite) return 'definite-failure'
  return operation.singleCall && notSentCodes.includes(thrown.code) ? 'definite-failure' : 'unknown'
}

/** What the owner writes when its attempt has ended. */
export function settlement(
  entry: Entry,
  ending: Ending,
  operation: { readonly retry: 'never' | 'on-failure' },
): Settlement {
  const { round } = entry
  if (ending.kind === 'succeeded') return { to: 'succeeded', round, earlierUnknown: false, endsLease: false }
  const { error } = ending
  const open = entry.steps?.steps.filter((step) => step.state === 'started') ?? []
  if (ending.kind === 'unknown') return unknownSettlement(entry, open, error)
  // Rule 2: a definite failure speaks for its own attempt only.
  if (entry.earlierUnknown || open.length > 0) return unknownSettlement(entry, open, error)
  // Rule 6: with `retry`, the failure is recorded and the next round gets a new effect key.
  if (ending.retryable ?? operation.retry === 'on-failure')
    return { to: 'released', round: round + 1, earlierUnknown: false, endsLease: true, error }
  return { to: 'failed', round, earlierUnknown: false, endsLease: false, error }
}

function unknownSettlement(entry: Entry, open: readonly StepRecord[], error: EntryError): Settlement {
  const { round, earlierUnknown } = entry
  const letGo: Settlement = {
    to: entry.state === 'claimed' ? 'claimed' : 'started',
    round,
    earlierUnknown,
    endsLease: true,
    error,
  }
  if (entry.steps !== undefined || entry.state === 'claimed') {
    const blind = open.find((step) => step.safety === 'blind')
    return blind === undefined
      ? letGo
      : doubt(entry, error, `The step "${blind.name}" ended without a known outcome: ${error.message}`)
  }
  switch (entry.safety) {
    case 'transactional':
      // Nothing was committed, so nothing happened; its owner proves it by the rollback.
      return { to: 'released', round, earlierUnknown: false, endsLease: true, error }
    case 'keyed':
    case 'verifiable':
      return letGo
    case 'blind':
      return doubt(entry, error, `The attempt ended without a known outcome: ${error.message}`)
  }
}

function doubt(entry: Entry, error: EntryError, why: string): Settlement {
  return {
    to: 'in_doubt',
    round: entry.round,
    earlierUnknown: entry.earlierUnknown,
    endsLease: true,
    error,
    why,
  }
}

/**
 * Rule 8: the owner's own judgement of its lease. Counted from before the claim or renewal was sent, by the larger
 * elapsed of both clocks (the monotonic one may stand still while a machine sleeps, the wall clock may be set back),
 * less a margin of 15 %.
 */
export function holdsLease(since: ClockReading, now: ClockReading, leaseMs: number): boolean {
  return elapsedMs(since, now) < leaseMs * 0.85
}

/** The larger elapsed of both clocks. */
function elapsedMs(since: ClockReading, now: ClockReading): number {
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs)
}

/** Rule 5: the same step with another input is another step. */
export function stepDiverges(record: Pick<StepRecord, 'inputDigest'>, inputDigest: string): boolean {
  return record.inputDigest !== inputDigest
}

/** Rule 12: an effect that waits for an entry it runs inside of would wait for ever. */
export function waitsOnItself(inside: readonly string[], ref: string): boolean {
  return inside.includes(ref)
}

export const rules: Rules = {
  decide,
  classify,
  settlement,
  holdsLease,
  effectKey: effectKeyOf,
  keyedMayRun,
  stepDiverges,
  waitsOnItself,
}
