import { count, label, members, milliseconds, optionalFunction } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { Key } from '../../ledger/intent.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { KeyedSafety, Safety, SafetyKind } from '../../ledger/safety.ts'
import { metadataNames } from '../status.ts'

/** A call as the options see it: the same for both libraries. */
export interface GrpcClientCall {
  /** `/shop.v1.Shop/Order` */
  readonly path: string
  /** The request, before it is serialised. */
  readonly message: unknown
  metadata(name: string): string | undefined
}

/** Options of both client interceptors. Without any, calls that bring a key are retried under it. */
export interface GrpcClientOptions {
  /**
   * Names the work of a unary call that brings no key in its metadata: `({ message }) => ['order', message.id]`. Never
   * the time, never a random number: every try must come to the same. `undefined`: no key is sent, and what may have
   * arrived is not tried again.
   */
  readonly key?: (call: GrpcClientCall) => Key | undefined
  /** The metadata entry the key is sent in. Default `idempotency-key`. */
  readonly header?: string
  /** How long the server remembers a key, from its first use. Default 82,800,000 ms (23 h). */
  readonly keyLifetimeMs?: number
  /** Methods without an effect, by path: tried again without a key. Connect reads `idempotency_level` by itself. */
  readonly safe?: readonly string[]
  /** Longest life of one try; the deadline of a call is over all of them. Default: no bound but that. */
  readonly timeoutMs?: number
  readonly retry?: {
    /** The first one included. Default 3; 1 means no retry. */
    readonly attempts?: number
    /** The longest first wait; it doubles with each retry. Default 100. */
    readonly baseMs?: number
    /** No wait is longer, but for one that the server asks for. Default 20,000. */
    readonly capMs?: number
  }
  /** Retries to this destination, of all clients of the process, over the last ten seconds. */
  readonly budget?: {
    /** As a fraction of first calls. Default 0.2; may exceed 1. */
    readonly ratio?: number
    /** So many are allowed in any case. Default 3. */
    readonly min?: number
  }
  /** Each unary call with a key is then an effect in this ledger, and replayed after a crash. */
  readonly once?: Onceward
  /** What the server guarantees. Default `keyed`, for `keyLifetimeMs`; else what may have arrived is not sent again. */
  readonly safety?: Safety | SafetyKind
  /** With `once`: the business thing a call is about, `order:42`. */
  readonly subject?: (call: GrpcClientCall) => string | undefined
}

export interface ParsedGrpcClientOptions {
  readonly key: ((call: GrpcClientCall) => Key | undefined) | undefined
  readonly header: string
  readonly keyLifetimeMs: number
  readonly safe: ReadonlySet<string>
  readonly timeoutMs: number
  readonly retry: { readonly attempts: number; readonly baseMs: number; readonly capMs: number }
  readonly budget: { readonly ratio: number; readonly min: number }
  readonly once: Onceward | undefined
  readonly safety: ClientSafety
  readonly subject: ((call: GrpcClientCall) => string | undefined) | undefined
}

/** A safety of which it is known how long all tries of one claim may take. */
export type ClientSafety =
  | Exclude<Safety, KeyedSafety>
  | (KeyedSafety & { readonly requestTimeoutMs: number })

const hourMs = 60 * 60 * 1000
/** What all tries of one claim may take together, where nothing is said. */
const requestMs = 5 * 60 * 1000

/** Throws `OPTION_INVALID`. */
export function parseGrpcClientOptions(given: GrpcClientOptions = {}): ParsedGrpcClientOptions {
  members(given, 'options')
  const { once, key, subject, safe = [] } = given
  const retry = members(given.retry ?? {}, 'retry')
  const budget = members(given.budget ?? {}, 'budget')
  const keyLifetimeMs = milliseconds(given.keyLifetimeMs ?? 23 * hourMs, 'keyLifetimeMs', 1)
  if (once !== undefined && typeof once?.execute !== 'function')
    throw optionInvalid('once', 'an instance made by createOnceward', once)
  if (!Array.isArray(safe))
    throw optionInvalid('safe', 'a list of paths such as ["/shop.v1.Shop/Price"]', safe)
  return {
    key: optionalFunction(key, 'key'),
    header: label(given.header ?? metadataNames.key, 'header', 100).toLowerCase(),
    keyLifetimeMs,
    safe: new Set(safe),
    timeoutMs:
      given.timeoutMs === undefined
        ? Number.POSITIVE_INFINITY
        : milliseconds(given.timeoutMs, 'timeoutMs', 1),
    retry: {
      attempts: count(retry.attempts ?? 3, 'retry.attempts', { min: 1, max: 100 }),
      baseMs: milliseconds(retry.baseMs ?? 100, 'retry.baseMs', 0),
      capMs: milliseconds(retry.capMs ?? 20_000, 'retry.capMs', 0),
    },
    budget: {
      ratio: ratioOf(budget.ratio ?? 0.2),
      min: count(budget.min ?? 3, 'budget.min', { min: 0, max: 1_000_000 }),
    },
    once,
    safety: parseSafetyOf(given.safety ?? 'keyed', keyLifetimeMs),
    subject: optionalFunction(subject, 'subject'),
  }
}

function parseSafetyOf(given: Safety | SafetyKind, keyLifetimeMs: number): ClientSafety {
  const safety = typeof given === 'string' ? ({ kind: given } as Safety) : members(given, 'safety')
  if (safety.kind !== 'keyed') return safety
  const lifetimeMs = safety.keyLifetimeMs ?? keyLifetimeMs
  const requestTimeoutMs = safety.requestTimeoutMs ?? Math.min(requestMs, lifetimeMs / 2)
  return { kind: 'keyed', keyLifetimeMs: lifetimeMs, requestTimeoutMs }
}

function ratioOf(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 100) return value
  throw optionInvalid('budget.ratio', 'a number from 0 to 100', value)
}
