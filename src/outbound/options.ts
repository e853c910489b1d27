import type { ConnectionOptions } from 'node:tls'
import { count, label, members, milliseconds } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import type { Onceward } from '../ledger/onceward.ts'
import type { BreakerOptions, ParsedBreaker } from './breaker.ts'
import type { RequestHeaders } from './message.ts'
import {
  type BudgetOptions,
  fraction,
  type ParsedBudget,
  type ParsedRetry,
  parseBudget,
  parseRetry,
  type RetryOptions,
} from './retry-options.ts'
import type { TargetProfile } from './target.ts'
import { idempotencyKeyTarget } from './targets.ts'

export interface ClientOptions {
  /** Where the target is: `https://api.example.com/v1`. A client calls no other origin. */
  readonly baseUrl: string | URL
  /** What the target does with idempotency keys. Default: `idempotencyKeyTarget`. */
  readonly target?: TargetProfile
  /** Per attempt, from being given to the pool to the last byte of the answer. Default 30,000. */
  readonly timeoutMs?: number
  /** Over all attempts and the waits between them. Default: `timeoutMs` times `retry.attempts`. */
  readonly deadlineMs?: number
  readonly retry?: RetryOptions
  /** Retries to this destination, of all clients of the process, over the last ten seconds. */
  readonly budget?: BudgetOptions
  /** No circuit breaker unless given. */
  readonly breaker?: BreakerOptions
  /** No bound on concurrent calls unless given. */
  readonly bulkhead?: { readonly calls: number; readonly queue?: number }
  readonly pool?: {
    /** At most so many connections. Default 100. */
    readonly connections?: number
    /** An idle connection is kept so long. Default 4,000: less than most services keep theirs. */
    readonly keepAliveMs?: number
    /** More requests than connections for so long is told of. Default 1,000. */
    readonly saturatedAfterMs?: number
    /** For `https`: a certificate authority of your own, a client certificate. */
    readonly tls?: ConnectionOptions
  }
  /** Sends a second time what is not answered after so long. Safe and keyed calls only. Off unless given. */
  readonly hedge?: { readonly afterMs: number }
  /** Sent with every request. */
  readonly headers?: RequestHeaders
  /** An answer may have so many bytes. Default 8 MiB. */
  readonly maxAnswerBytes?: number
  /** Each call with an intent or a key is then an effect in this ledger. */
  readonly once?: Onceward
}

export interface ParsedClientOptions {
  readonly origin: string
  readonly basePath: string
  readonly target: TargetProfile
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly retry: ParsedRetry
  readonly budget: ParsedBudget
  readonly breaker: ParsedBreaker | undefined
  readonly bulkhead: { readonly calls: number; readonly queue: number } | undefined
  readonly pool: {
    readonly connections: number
    readonly keepAliveMs: number
    readonly saturatedAfterMs: number
    readonly tls: ConnectionOptions | undefined
  }
  readonly hedgeAfterMs: number | undefined
  readonly headers: RequestHeaders
  readonly maxAnswerBytes: number
  readonly once: Onceward | undefined
}

const maxTimerMs = 2 ** 31 - 1
const mebibyte = 1024 * 1024

/** Checks the options once and fills in the defaults. Throws `OPTION_INVALID`. */
export function parseClientOptions(options: ClientOptions): ParsedClientOptions {
  members(options, 'options')
  const { origin, basePath } = parseBaseUrl(options.baseUrl)
  const retry = parseRetry(options.retry)
  const timeoutMs = duration(options.timeoutMs ?? 30_000, 'timeoutMs')
  const { once } = options
  if (once !== undefined) members(once, 'once')
  return {
    origin,
    basePath,
    target: parseTarget(options.target ?? idempotencyKeyTarget),
    timeoutMs,
    deadlineMs: duration(
      options.deadlineMs ?? Math.min(timeoutMs * retry.attempts, maxTimerMs),
      'deadlineMs',
    ),
    retry,
    budget: parseBudget(options.budget),
    breaker: options.breaker === undefined ? undefined : parseBreaker(options.breaker),
    bulkhead: options.bulkhead === undefined ? undefined : parseBulkhead(options.bulkhead),
    pool: parsePool(options.pool ?? {}),
    hedgeAfterMs:
      options.hedge === undefined
        ? undefined
        : duration(members(options.hedge, 'hedge').afterMs, 'hedge.afterMs'),
    headers: members(options.headers ?? {}, 'headers'),
    maxAnswerBytes: count(options.maxAnswerBytes ?? 8 * mebibyte, 'maxAnswerBytes', {
      min: 1,
      max: 1024 * mebibyte,
    }),
    once,
  }
}

/** Longer than a timer can be set for is no duration. */
export function duration(value: unknown, name: string): number {
  if (milliseconds(value, name, 1) <= maxTimerMs) return value as number
  throw optionInvalid(name, `at most ${maxTimerMs} milliseconds`, value)
}

function parseBaseUrl(given: unknown): { origin: string; basePath: string } {
  const expected = 'an http or https URL without credentials, query and fragment'
  const text = given instanceof URL ? given.href : given
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && url.username + url.password + url.search + url.hash === ''
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) {
    // A credential in it must not reach a log.
    throw optionInvalid('baseUrl', expected, url === undefined ? given : url.origin)
  }
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') }
}

function parseTarget(target: TargetProfile): TargetProfile {
  members(target, 'target')
  label(target.name, 'target.name', 100)
  if (target.key !== undefined) milliseconds(target.keyLifetimeMs, 'target.keyLifetimeMs', 1)
  return target
}

function parseBreaker(breaker: BreakerOptions): ParsedBreaker {
  const { consecutive, ratio, slowRatio, slowMs } = members(breaker, 'breaker')
  if (consecutive === undefined && ratio === undefined && slowRatio === undefined)
    throw optionInvalid('breaker', 'given at least one of consecutive, ratio, slowRatio', breaker)
  if ((slowRatio === undefined) !== (slowMs === undefined))
    throw optionInvalid('breaker.slowMs', 'given together with breaker.slowRatio', slowMs)
  const never = Number.POSITIVE_INFINITY
  return {
    consecutive:
      consecutive === undefined ? never : count(consecutive, 'breaker.consecutive', { min: 1, max: 1e6 }),
    ratio: ratio === undefined ? never : fraction(ratio, 'breaker.ratio', 1),
    slowRatio: slowRatio === undefined ? never : fraction(slowRatio, 'breaker.slowRatio', 1),
    slowMs: slowMs === undefined ? never : milliseconds(slowMs, 'breaker.slowMs', 1),
    minimum: count(breaker.minimum ?? 20, 'breaker.minimum', { min: 1, max: 1e6 }),
    windowMs: milliseconds(breaker.windowMs ?? 10_000, 'breaker.windowMs', 10),
    openMs: milliseconds(breaker.openMs ?? 10_000, 'breaker.openMs', 1),
    probes: count(breaker.probes ?? 1, 'breaker.probes', { min: 1, max: 1000 }),
  }
}

function parseBulkhead(bulkhead: NonNullable<ClientOptions['bulkhead']>): ParsedClientOptions['bulkhead'] {
  const { calls, queue } = members(bulkhead, 'bulkhead')
  return {
    calls: count(calls, 'bulkhead.calls', { min: 1, max: 1_000_000 }),
    queue: count(queue ?? 0, 'bulkhead.queue', { min: 0, max: 1_000_000 }),
  }
}

function parsePool(pool: NonNullable<ClientOptions['pool']>): ParsedClientOptions['pool'] {
  members(pool, 'pool')
  return {
    connections: count(pool.connections ?? 100, 'pool.connections', { min: 1, max: 65_535 }),
    keepAliveMs: duration(pool.keepAliveMs ?? 4000, 'pool.keepAliveMs'),
    saturatedAfterMs: duration(pool.saturatedAfterMs ?? 1000, 'pool.saturatedAfterMs'),
    tls: pool.tls,
  }
}
