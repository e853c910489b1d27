import { label, members, milliseconds, optionalFunction } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { Key } from '../../ledger/intent.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { KeyedSafety, Safety, SafetyKind } from '../../ledger/safety.ts'
import {
  type BudgetOptions,
  type ParsedBudget,
  type ParsedRetry,
  parseBudget,
  parseRetry,
  type RetryOptions,
} from '../../outbound/retry-options.ts'
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
  readonly retry?: RetryOptions
  /** Retries to this destination, of all clients of the process, over the last ten seconds. */
  readonly budget?: BudgetOptions
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
  readonly retry: ParsedRetry
  readonly budget: ParsedBudget
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
    retry: parseRetry(given.retry),
    budget: parseBudget(given.budget),
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
