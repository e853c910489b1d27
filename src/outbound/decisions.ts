import { parseHttpDate } from './http-date.ts'
import type { SendOutcome } from './errors.ts'
import type { TargetAnswer, TargetProfile } from './target.ts'

/*
 * Every decision of the client, as pure functions. It calls them through `OutboundRules`, so that a test can put one
 * broken decision in their place; nothing a user can set does.
 */
export interface OutboundRules {
  sendFailure: typeof sendFailure
  meaningOf: typeof meaningOf
  isOutcome: typeof isOutcome
  mayResend: typeof mayResend
  retryAfterMs: typeof retryAfterMs
  waitBefore: typeof waitBefore
  budgetAllows: typeof budgetAllows
  mayHedge: typeof mayHedge
  settlementOf: typeof settlementOf
}

/** What is known of a send that came to no whole answer. */
export interface FailedSend {
  /** Whether writing had begun: the sender is told in the very turn in which the first byte is written. */
  readonly hasBegun: boolean
  /** As the error says; it decides nothing. */
  readonly code: unknown
}

/**
 * Rule 1 of the ledger: an error code never says that nothing was sent (a reset comes before and behind an effect
 * alike); that not a byte was given to a connection does. Name look-up, connecting and TLS lie before the first byte.
 */
export function sendFailure({ hasBegun }: FailedSend): 'not-sent' | 'unknown' {
  return hasBegun ? 'unknown' : 'not-sent'
}

export type Meaning =
  | 'done'
  /** To be sent again, where that is safe. */
  | 'retry'
  /** The target's no. */
  | 'refused'

const retried: readonly number[] = [408, 425, 429, 500, 502, 503, 504]

export function meaningOf(
  answer: TargetAnswer,
  target: TargetProfile,
  /** A key that the target honours was sent with it. */
  call: { readonly isKeyed: boolean },
): Meaning {
  const { status } = answer
  const hint = target.retryHint?.(answer)
  // A target's own word goes before its status: GraphQL says "in progress" with 200.
  if (status < 400) return hint === 'retry' ? 'retry' : 'done'
  if (call.isKeyed && isFirstResult(answer, target)) return 'done'
  if (hint === 'retry') return 'retry'
  if (hint === undefined && (retried.includes(status) || target.retryStatuses?.includes(status) === true))
    return 'retry'
  return 'refused'
}

function isFirstResult(answer: TargetAnswer, target: TargetProfile): boolean {
  return target.duplicateStatuses?.includes(answer.status) === true || target.isDuplicate?.(answer) === true
}

/** What is known of the sends of a call before the one that was answered last. */
export interface EarlierSends {
  /** GET, HEAD, OPTIONS or TRACE: it asks for no effect. */
  readonly isSafe: boolean
  /** One of them was cut off behind its first byte, or is still under way. */
  readonly hasCut: boolean
  /** One of them was answered with a status that does not say whether it was carried out. */
  readonly hasVague: boolean
}

/**
 * Whether an answer other than done can stand for the whole call. After a send that may have been carried out it cannot:
 * "key in use" (rule 5 of the ledger), "too many requests" or "not authorised" are said of the last send alone. An answer
 * that is as vague as the one before may.
 */
export function isOutcome(status: number, { isSafe, hasCut, hasVague }: EarlierSends): boolean {
  if (isSafe) return true
  // A yes that asks for another try: the work is in progress, and nobody knows how it ends.
  if (status < 400) return false
  return !hasCut && (!hasVague || isVague(status))
}

/** The target may have carried out what it answers so, without its being done. */
export function isVague(status: number): boolean {
  return status >= 500 || status === 408 || status < 400
}

/** What a repetition rests on. */
export interface ResendQuestion {
  readonly isSafe: boolean
  readonly isKeyed: boolean
  /** The body is a stream, and gone. */
  readonly isSpent: boolean
  /** Whether this send, or an earlier one, may have been carried out. */
  readonly mayHaveArrived: boolean
  /** At the moment at which it would be sent again, since the key was first sent. */
  readonly keyAgeMs: number
  readonly keyLifetimeMs: number
  /** Longest life of one more send. */
  readonly timeoutMs: number
}

/** Whether a call may be sent again; if not, why. */
export function mayResend(question: ResendQuestion): true | string {
  const { isSafe, isKeyed, isSpent, mayHaveArrived, keyAgeMs, keyLifetimeMs, timeoutMs } = question
  if (isSpent) return 'its body is a stream, which cannot be sent twice'
  if (isSafe || !mayHaveArrived) return true
  if (!isKeyed) return 'it carries no idempotency key that the target honours'
  // The last send must be over before the target forgets, or what it brings would be new work there.
  if (keyAgeMs + timeoutMs >= keyLifetimeMs) return 'the target may soon have forgotten its idempotency key'
  return true
}

/** How long the target asks to be left alone, from now on. RFC 9110 section 10.2.3: seconds, or a date. */
export function retryAfterMs(
  answer: TargetAnswer,
  target: Pick<TargetProfile, 'retryAfterMs'>,
  nowMs: number,
): number | undefined {
  const own = target.retryAfterMs?.(answer)
  const standard = standardRetryAfterMs(answer, nowMs)
  if (own === undefined || standard === undefined) return own ?? standard
  return Math.max(own, standard)
}

function standardRetryAfterMs({ headers }: TargetAnswer, nowMs: number): number | undefined {
  const given = headers['retry-after'] ?? []
  // Of several the longest: none is undercut.
  const waits = (typeof given === 'string' ? [given] : given)
    .map((value) => waitOf(value.trim(), headers['date'], nowMs))
    .filter((waitMs) => waitMs !== undefined)
  return waits.length === 0 ? undefined : Math.max(...waits)
}

function waitOf(
  text: string,
  sent: string | readonly string[] | undefined,
  nowMs: number,
): number | undefined {
  if (/^\d{1,10}(?:\.\d{1,3})?$/.test(text)) return Number(text) * 1000
  const atMs = parseHttpDate(text)
  if (atMs === undefined) return undefined
  // By the clock that wrote it: ours may be ahead, and would come back too early.
  const fromMs = (typeof sent === 'string' ? parseHttpDate(sent) : undefined) ?? nowMs
  return Math.max(0, atMs - fromMs)
}

export type Wait =
  | { readonly kind: 'wait'; readonly waitMs: number }
  /** The target asks for more than the caller has. */
  | { readonly kind: 'later'; readonly waitMs: number }
  /** No time is left for another attempt. */
  | { readonly kind: 'over' }

/** How long to wait before the next attempt. What the target asks for is never undercut. */
export function waitBefore(times: {
  readonly backoffMs: number
  readonly retryAfterMs: number | undefined
  readonly remainingMs: number
}): Wait {
  const { backoffMs, remainingMs } = times
  if (times.retryAfterMs !== undefined && times.retryAfterMs >= remainingMs)
    return { kind: 'later', waitMs: times.retryAfterMs }
  const waitMs = Math.max(backoffMs, times.retryAfterMs ?? 0)
  return waitMs >= remainingMs ? { kind: 'over' } : { kind: 'wait', waitMs }
}

/** Of the retries that were scheduled lately, whether one more is within a fraction of the first calls. */
export function budgetAllows(
  lately: { readonly calls: number; readonly retries: number },
  budget: { readonly ratio: number; readonly min: number },
): boolean {
  return lately.retries < Math.max(budget.min, Math.floor(lately.calls * budget.ratio))
}

/** Only what may arrive twice is sent twice at once. */
export function mayHedge(call: Pick<ResendQuestion, 'isSafe' | 'isKeyed' | 'isSpent'>): boolean {
  return !call.isSpent && (call.isSafe || call.isKeyed)
}

/** What the ledger is told of a call that is an effect of its. */
export type Settlement =
  | 'succeeded'
  /** Not done, and the answer is kept. */
  | 'failed'
  /** Not done; the next call may try again, under a new key. */
  | 'released'
  | 'unknown'

/** "Key in use", "key reused", and their kin. */
const aboutTheKey: readonly number[] = [400, 409, 412, 422]

/** The target turned it away before looking at it. */
const turnedAway: readonly number[] = [425, 429]

/** Rules 1 and 5 of the ledger: "not done" is said only where no send of this attempt can have done it. */
export function settlementOf(end: SettledCall): Settlement {
  if (end.kind === 'failed') return end.outcome === 'unknown' ? 'unknown' : 'released'
  if (end.meaning === 'done') return 'succeeded'
  if (end.hasUnknown || isVague(end.status)) return 'unknown'
  if (turnedAway.includes(end.status)) return 'released'
  // A key that was sent before this attempt may be what the target complains of.
  const isAboutKey = end.status === 409 || (end.isRepeated && aboutTheKey.includes(end.status))
  return end.isKeyed && isAboutKey ? 'unknown' : 'failed'
}

export type SettledCall =
  | { readonly kind: 'failed'; readonly outcome: SendOutcome }
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly meaning: Meaning
      readonly hasUnknown: boolean
      readonly isKeyed: boolean
      /** An earlier attempt of the ledger, or an earlier send of this one, carried the same key. */
      readonly isRepeated: boolean
    }

export const outboundRules: OutboundRules = {
  sendFailure,
  meaningOf,
  isOutcome,
  mayResend,
  retryAfterMs,
  waitBefore,
  budgetAllows,
  mayHedge,
  settlementOf,
}
