import { optionInvalid } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'

/** What the target of an effect guarantees (DESIGN.md section 2). */
export const safetyKinds = ['transactional', 'keyed', 'verifiable', 'blind'] as const
export type SafetyKind = (typeof safetyKinds)[number]

/** The answer to "did it happen?". `unknown` leaves the entry in doubt; so does a `verify` that throws. */
export type VerifyAnswer =
  | { readonly happened: true; readonly value?: unknown }
  | { readonly happened: false }
  | { readonly happened: 'unknown' }

/** What `verify` is asked about. `input` is given when a caller is present, never in a sweep. */
export interface VerifyQuestion {
  readonly ref: string
  readonly scope: string
  readonly operation: string
  readonly key: string | readonly string[]
  readonly subject?: string | undefined
  /** The same as `attempt.effectKey` of the attempt in question. */
  readonly effectKey: string
  readonly step?: string | undefined
  readonly input?: Json | undefined
  readonly signal: AbortSignal
}

export type Verify = (question: VerifyQuestion) => Promise<VerifyAnswer> | VerifyAnswer

/** Rows written in the same database transaction as the entry, with `attempt.transaction`. */
export interface TransactionalSafety {
  readonly kind: 'transactional'
}

/** The target deduplicates by the key we send. */
export interface KeyedSafety {
  readonly kind: 'keyed'
  /** How long the target remembers a key. Default 23 hours (82,800,000 ms). */
  readonly keyLifetimeMs?: number
  /** Longest life of one request, subtracted from the lifetime. Default 60,000 ms, never more than half of it. */
  readonly requestTimeoutMs?: number
}

/** The target can be asked whether it happened. */
export interface VerifiableSafety {
  readonly kind: 'verifiable'
  readonly verify: Verify
  /** How long after the lease lapsed the target may be asked: longer than its longest request life. Default 60,000 ms. */
  readonly settleMs?: number
}

/** Nothing is guaranteed: a person decides. The default. */
export interface BlindSafety {
  readonly kind: 'blind'
}

export type Safety = TransactionalSafety | KeyedSafety | VerifiableSafety | BlindSafety

/** A safety with its defaults filled in. */
export type ParsedSafety =
  | TransactionalSafety
  | Required<KeyedSafety>
  | { readonly kind: 'verifiable'; readonly verify?: Verify; readonly settleMs: number }
  | BlindSafety

const defaultKeyLifetimeMs = 23 * 60 * 60 * 1000
const defaultRequestTimeoutMs = 60_000
export const defaultSettleMs = 60_000

/** Checks a safety and fills in its defaults. Throws `OPTION_INVALID`. */
export function parseSafety(safety: Safety | SafetyKind | undefined, name: string): ParsedSafety {
  const given = typeof safety === 'string' ? ({ kind: safety } as Safety) : safety
  if (given === undefined) return { kind: 'blind' }
  if (typeof given !== 'object' || given === null)
    throw optionInvalid(name, 'a kind of safety, or an object', given)
  switch (given.kind) {
    case 'transactional':
    case 'blind':
      return { kind: given.kind }
    case 'keyed': {
      const keyLifetimeMs = positiveMs(given.keyLifetimeMs ?? defaultKeyLifetimeMs, `${name}.keyLifetimeMs`)
      const requestTimeoutMs = given.requestTimeoutMs ?? Math.min(defaultRequestTimeoutMs, keyLifetimeMs / 2)
      return {
        kind: 'keyed',
        keyLifetimeMs,
        requestTimeoutMs: positiveMs(requestTimeoutMs, `${name}.requestTimeoutMs`),
      }
    }
    case 'verifiable':
      if (typeof given.verify !== 'function')
        throw optionInvalid(`${name}.verify`, 'a function', given.verify)
      return {
        kind: 'verifiable',
        verify: given.verify,
        settleMs: positiveMs(given.settleMs ?? defaultSettleMs, `${name}.settleMs`),
      }
    default:
      throw optionInvalid(
        `${name}.kind`,
        `one of ${safetyKinds.join(', ')}`,
        (given as { kind: unknown }).kind,
      )
  }
}

function positiveMs(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw optionInvalid(name, 'a positive number of milliseconds', value)
  }
  return value
}
