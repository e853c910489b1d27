import { type ErrorCode, type ErrorDetails, isOncewardError, OncewardError } from '../kernel/errors.ts'
import { timestamp } from '../kernel/time.ts'
import { type Entry, fenceOf } from './entry.ts'
import type { EventStream } from './events.ts'
import type { FrozenIdentity } from './intent.ts'
import { decodeKey } from './key.ts'
import type { ParsedOptions } from './options.ts'
import type { Receipt, StepReceipt } from './receipt.ts'
import { openResult } from './results.ts'

/** What an effect came to: a value, or what it threw. */
export type Finish =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }

/** How one call ended. */
export type Outcome =
  /** This call's effect ran and its outcome is recorded. */
  | { readonly kind: 'ran'; readonly entry: Entry; readonly value: unknown }
  /** The entry had ended before: its kept outcome. */
  | { readonly kind: 'replay'; readonly entry: Entry }
  /** A definite failure, of this call (`cause`) or of the one it waited for. */
  | { readonly kind: 'failed'; readonly entry: Entry; readonly cause?: unknown }
  | {
      readonly kind: 'in-progress'
      readonly entry: Entry | undefined
      readonly retryAfterMs: number
      /** Nobody may be at work on it: others may still recall what they know of it. */
      readonly why?: 'recall'
    }
  /** `value` is what the effect returned, where only its record failed. */
  | { readonly kind: 'in-doubt'; readonly entry: Entry; readonly cause?: unknown; readonly value?: unknown }
  | { readonly kind: 'unknown'; readonly entry: Entry; readonly cause: unknown }
  | {
      readonly kind: 'lease-lost'
      readonly entry: Entry
      readonly message: string
      readonly code: 'LEASE_LOST' | 'CLOSED'
    }
  /** Ran without the store, by an explicit choice of the operation. */
  | { readonly kind: 'unguarded'; readonly value: unknown }

interface Reader {
  readonly options: Pick<ParsedOptions, 'seal'>
  readonly identity: FrozenIdentity
  readonly parse: ((value: unknown) => unknown) | undefined
}

/** The outcome of an entry that had ended before this call. */
export function replayOf(ledger: { readonly events: EventStream }, entry: Entry): Outcome {
  const state = entry.state === 'failed' ? 'failed' : 'succeeded'
  ledger.events.emit('replayed', entry, { verdict: 'replay', state })
  return state === 'failed' ? { kind: 'failed', entry } : { kind: 'replay', entry }
}

/** What `run` gives: the value, or the error that stands for the outcome. */
export function valueOf(outcome: Outcome, reader: Reader): unknown {
  switch (outcome.kind) {
    case 'ran':
    case 'unguarded':
      return outcome.value
    case 'replay':
      return openResult(reader.options, outcome.entry, reader.parse)
    default:
      throw errorOf(outcome, reader.identity)
  }
}

/** The error that stands for an outcome without a value. */
export function errorOf(outcome: Outcome, identity: FrozenIdentity): OncewardError {
  const cause = 'cause' in outcome ? outcome.cause : undefined
  const value = 'value' in outcome ? outcome.value : undefined
  const stop = (code: ErrorCode, message: string, details: ErrorDetails = {}): OncewardError =>
    new OncewardError(code, `${identity.operation} ${JSON.stringify(decodeKey(identity.key))}: ${message}`, {
      details: { ref: identity.ref, ...details },
      cause,
      value,
    })
  switch (outcome.kind) {
    case 'in-progress': {
      const details = { retryAfterMs: Math.ceil(outcome.retryAfterMs) }
      if (outcome.why !== 'recall') return stop('IN_PROGRESS', 'somebody else is doing this work.', details)
      const message = 'the store may have lost this work, and other workers may still tell.'
      return stop('RECALL_PENDING', message, details)
    }
    case 'in-doubt': {
      const why = outcome.entry.doubt?.why ?? 'Its outcome was not recorded.'
      return stop('IN_DOUBT', `the effect may have happened. ${why}`)
    }
    case 'unknown': {
      if (isOwnStop(cause, identity)) return cause
      const why = outcome.entry.error?.message ?? 'no message'
      return stop(
        'OUTCOME_UNKNOWN',
        `this attempt ended without a known outcome (${why}). Calling again is safe.`,
      )
    }
    case 'lease-lost':
      return stop(outcome.code, outcome.message)
    default: {
      const error = 'entry' in outcome ? outcome.entry.error : undefined
      return stop('EFFECT_FAILED', error?.message ?? 'it failed', { failureCode: error?.code })
    }
  }
}

const misuses: readonly ErrorCode[] = ['STEP_INVALID', 'OPTION_INVALID', 'INPUT_INVALID']

/** A coded stop that the attempt itself raised (a diverged step, for one) keeps its code. */
function isOwnStop(cause: unknown, identity: FrozenIdentity): cause is OncewardError {
  return isOncewardError(cause) && (cause.details.ref === identity.ref || misuses.includes(cause.code))
}

/** What `execute` gives. */
export function receiptOf<T>(outcome: Outcome, reader: Reader): Receipt<T> {
  const { identity } = reader
  if (outcome.kind === 'in-progress' && outcome.entry === undefined) throw errorOf(outcome, identity)
  if (outcome.kind === 'unguarded')
    return withValue(receiptOfEntry<T>(unguardedEntry(identity), false), outcome.value)
  const entry = outcome.entry as Entry
  const isOwn = outcome.kind === 'ran' || outcome.kind === 'lease-lost' || 'cause' in outcome
  const base = receiptOfEntry<T>(entry, !isOwn)
  if (outcome.kind === 'ran') return withValue(base, outcome.value)
  if (outcome.kind === 'replay') return withKeptValue(base, entry, reader)
  const { code, message } = errorOf(outcome, identity)
  const error = outcome.kind === 'failed' ? (entry.error ?? { code, message }) : { code, message }
  if (outcome.kind === 'failed') return { ...withKeptValue(base, entry, reader), error }
  return withValue({ ...base, error }, outcome.kind === 'in-doubt' ? outcome.value : undefined)
}

function withValue<T>(receipt: Receipt<T>, value: unknown): Receipt<T> {
  return value === undefined ? receipt : { ...receipt, value: value as T }
}

/** Adds the kept value to a receipt, or the error that says why there is none. */
export function withKeptValue<T>(
  receipt: Receipt<T>,
  entry: Entry,
  reader: Omit<Reader, 'identity'>,
): Receipt<T> {
  if (entry.state !== 'succeeded' && entry.state !== 'failed' && entry.state !== 'released') return receipt
  try {
    const parse = entry.state === 'succeeded' ? reader.parse : undefined
    const value = openResult(reader.options, entry, parse)
    return withValue(receipt, value)
  } catch (error) {
    const { code, message } = error as OncewardError
    return receipt.error === undefined ? { ...receipt, error: { code, message } } : receipt
  }
}

type Shown = Pick<
  Entry,
  'scope' | 'operation' | 'key' | 'subject' | 'ref' | 'state' | 'epoch' | 'attempt' | 'claimedAtMs'
> &
  Partial<Entry>

/** No row stands behind it: the fence is zero, which is older than any. */
function unguardedEntry(identity: FrozenIdentity): Shown {
  return { ...identity, state: 'succeeded', epoch: 0, attempt: 0, claimedAtMs: 0 }
}

/** The receipt of a row, without its value. */
export function receiptOfEntry<T>(entry: Shown, replayed: boolean): Receipt<T> {
  const steps = entry.steps?.steps.map(
    (step): StepReceipt => ({
      name: step.name,
      state: step.state,
      attempts: step.attempts,
      startedAt: timestamp(step.startedAtMs),
      ...(step.finishedAtMs === undefined ? {} : { finishedAt: timestamp(step.finishedAtMs) }),
    }),
  )
  return {
    scope: entry.scope,
    operation: entry.operation,
    key: decodeKey(entry.key),
    ...(entry.subject === undefined ? {} : { subject: entry.subject }),
    ref: entry.ref,
    state: entry.state,
    replayed,
    ...(entry.error === undefined ? {} : { error: entry.error }),
    attempts: entry.attempt,
    fence: fenceOf(entry),
    claimedAt: timestamp(entry.claimedAtMs),
    ...(entry.finishedAtMs === undefined ? {} : { finishedAt: timestamp(entry.finishedAtMs) }),
    ...(steps === undefined ? {} : { steps }),
  }
}
