import { label } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { HttpOptions, OutcomeClass } from '../../http/index.ts'
import type { Safety, SafetyKind } from '../../ledger/safety.ts'
import { fromHttp, type GrpcAnswer, keptHeaders, pathOf, valueOf } from '../message.ts'
import { metadataNames } from '../status.ts'
import type { GrpcServerRules } from './decisions.ts'

/** A call as the options see it: the same for both libraries. */
export interface GrpcServerCall {
  /** `/shop.v1.Shop/Order` */
  readonly path: string
  /** The value of a metadata entry, several joined by `, `; those of `-bin` names as base64. */
  metadata(name: string): string | undefined
  /** What the library itself has of the call: grpc-js's server call (`getPeer`, `getAuthContext`), Connect's request. */
  readonly native: unknown
}

/** Options of both server interceptors. Only `caller` must be said. */
export interface GrpcServerOptions {
  /** Names who calls: an account, a digest of a credential, never the credential. `anonymous`: all callers are one. */
  readonly caller: ((call: GrpcServerCall) => string) | 'anonymous'
  /** Where a key must be there: for every unary call and client stream (`true`), or for these paths. Default `false`. */
  readonly require?: boolean | readonly string[]
  /** The metadata entry the key comes in. Default `idempotency-key`. */
  readonly header?: string
  /**
   * What an answer says of the effect; `undefined` leaves it to the table (docs/guide/grpc.md). `no-effect` says that
   * the handler has not begun anything: a wrong one is a duplicate.
   */
  readonly outcome?: (answer: GrpcAnswer, path: string) => OutcomeClass | undefined
  /** Metadata, initial or trailing, that is replayed beside `grpc-status-details-bin`. */
  readonly replayMetadata?: readonly string[]
  /** Largest request of a guarded call; of a client stream, all its messages. Default 4,194,304 bytes. */
  readonly maxRequestBytes?: number
  /** How long a handler may take to answer. Default 60,000 ms. */
  readonly timeoutMs?: number
  /** How long a call waits for another one with its key. Default 0: it is answered ABORTED at once. */
  readonly waitMs?: number
  /** How long answers are kept. Default 30 days. */
  readonly retainMs?: number
  /** What the handler's target guarantees. Default: what the operation is registered with, else `blind`. */
  readonly safety?: Safety | SafetyKind
  /** The handler's effects are all inside `grpcAttempt().step` calls. */
  readonly steps?: boolean
  readonly leaseMs?: number
  /** Default `refuse`: UNAVAILABLE. `run` runs the handler unguarded while the store is out, counted as `unguarded`. */
  readonly onStoreOutage?: 'refuse' | 'run'
  /** Is told what went wrong where no handler answers for it. Default: it is printed to standard error. */
  readonly onError?: (error: unknown) => void
}

/** What of an answer describes it rather than one message of it. */
const replayed: readonly string[] = ['grpc-status-details-bin', 'content-language', 'etag']
const reserved = /^(grpc-status|grpc-message|grpc-encoding|content-type|idempotency-replayed|onceward-.*)$/

/** The options of the engine that both interceptors stand on. Throws `OPTION_INVALID`. */
export function httpOptionsOf(given: GrpcServerOptions, rules: GrpcServerRules): HttpOptions<GrpcServerCall> {
  if (typeof given !== 'object' || given === null)
    throw optionInvalid('options', 'an object with caller', given)
  const { require, outcome, replayMetadata = [], maxRequestBytes = 4 * 1024 * 1024, ...rest } = given
  return {
    ...pick(rest),
    caller: given.caller,
    methods: [guardedMethod],
    require: parseRequire(require),
    header: given.header ?? 'idempotency-key',
    outcome: (kept) => {
      const answer = fromHttp(kept)
      return (
        outcome?.(answer, pathOf(kept)) ??
        rules.classOfStatus(answer.code, valueOf(answer.trailer, metadataNames.outcome))
      )
    },
    replayHeaders: keptHeaders([...replayed, ...parseNames(replayMetadata)]),
    maxBodyBytes: maxRequestBytes,
  }
}

/** The method under which the engine sees every call. */
export const guardedMethod = 'POST'

function pick(given: GrpcServerOptions): Partial<HttpOptions<GrpcServerCall>> {
  const { timeoutMs, waitMs, retainMs, safety, steps, leaseMs, onStoreOutage, onError } = given
  const all = { timeoutMs, waitMs, retainMs, safety, steps, leaseMs, onStoreOutage, onError }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function parseRequire(
  given: GrpcServerOptions['require'] = false,
): NonNullable<HttpOptions<GrpcServerCall>['require']> {
  if (typeof given === 'boolean') return given
  if (
    !Array.isArray(given) ||
    !given.every((path) => typeof path === 'string' && /^\/[^/]+\/[^/]+$/.test(path))
  )
    throw optionInvalid('require', 'true, false, or a list of paths such as ["/shop.v1.Shop/Order"]', given)
  const paths = new Set(given)
  return (request) => paths.has(request.target)
}

function parseNames(names: readonly string[]): readonly string[] {
  if (!Array.isArray(names)) throw optionInvalid('replayMetadata', 'a list of metadata names', names)
  return names.map((given) => {
    const name = label(given, 'replayMetadata', 80).toLowerCase()
    if (!/^[0-9a-z_.-]+$/.test(name) || reserved.test(name))
      throw optionInvalid('replayMetadata', 'names of metadata of your own', given)
    return name
  })
}
