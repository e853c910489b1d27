import { effectKeyOf } from '../../ledger/effect-key.ts'
import { encodeKey } from '../../ledger/key.ts'
import type { Key } from '../../ledger/intent.ts'
import { type OutboundRules, outboundRules } from '../../outbound/decisions.ts'
import { finalStatuses, grpcStatus } from '../status.ts'

/*
 * Every decision of the client side, as pure functions that a mutant can replace. When a call may be sent again, after
 * which wait and within which budget is decided as in `onceward/fetch`.
 */
export interface GrpcClientRules extends Pick<OutboundRules, 'mayResend' | 'waitBefore' | 'budgetAllows'> {
  keySent: typeof keySent
  outcomeOf: typeof outcomeOf
  pushbackOf: typeof pushbackOf
  isWorthAnother: typeof isWorthAnother
  outcomeOfAll: typeof outcomeOfAll
  settlementOf: typeof settlementOf
}

/** What is known of work that was asked for. */
export type GrpcOutcome =
  /** The server's OK with its message; or its word that it was done, and the answer is no longer kept. */
  | 'done'
  /** No stream was opened for it, or the server turned the stream away unread. */
  | 'not-sent'
  /** The server's no. */
  | 'refused'
  /** It may have been carried out. */
  | 'unknown'

/** How one attempt ended, as the wire showed it. */
export interface AttemptEnd {
  readonly code: number
  readonly hasMessage: boolean
  /** A stream was opened for it, and not refused: the server may have seen it. */
  readonly mayHaveArrived: boolean
  /** The status is the server's own word: the libraries make some up of replies that were cut. */
  readonly isAnswered: boolean
  /** Why a guard of Onceward's on the other side refused. */
  readonly problem: string | undefined
  /** The values of `grpc-retry-pushback-ms`. */
  readonly pushback: readonly string[]
}

const refusals: readonly string[] = [
  'key-missing',
  'key-malformed',
  'key-unstable',
  'caller-unknown',
  'body-too-large',
  'twin-refused',
  'failed',
]
const doneWithoutAnswer: readonly string[] = ['key-expired', 'answer-not-kept']

function outcomeOf(end: AttemptEnd): GrpcOutcome {
  const { code, problem } = end
  // OK is no proof: a reply that is cut behind its head ends with it, and the library then says UNIMPLEMENTED.
  if (code === grpcStatus.OK) return end.hasMessage ? 'done' : 'unknown'
  if (!end.mayHaveArrived) return 'not-sent'
  // Rule 5 of the ledger: "in use" and "reused" are no outcomes.
  if (problem !== undefined)
    return refusals.includes(problem) ? 'refused' : doneWithoutAnswer.includes(problem) ? 'done' : 'unknown'
  return end.isAnswered && finalStatuses.has(code) ? 'refused' : 'unknown'
}

/** gRFC A6: a wait in milliseconds; whatever is not that says that there is to be no other try. */
function pushbackOf(values: readonly string[]): number | 'stop' | undefined {
  const [only, second] = values
  if (only === undefined) return undefined
  return second === undefined && /^\d{1,10}$/.test(only) ? Number(only) : 'stop'
}

/** Whether another try could end otherwise. Whether it is safe is another question (`mayResend`). */
function isWorthAnother(end: AttemptEnd, outcome: GrpcOutcome): boolean {
  if (outcome === 'not-sent') return true
  if (outcome !== 'unknown') return false
  // What the library made up itself says nothing against another try.
  if (!end.isAnswered) return true
  // A server's ABORTED asks the caller to begin anew, unless it names the time for the very same call.
  return end.code === grpcStatus.ABORTED ? end.pushback.length > 0 : !finalStatuses.has(end.code)
}

/** What is known of a call after its last try: a refusal speaks for its own try, and not for one before it. */
function outcomeOfAll(last: GrpcOutcome, hadUnknown: boolean): GrpcOutcome {
  return hadUnknown && last !== 'done' ? 'unknown' : last
}

/** What the ledger is told of a call that is an effect of its. */
export type Settlement = 'succeeded' | 'failed' | 'released' | 'unknown'

/** Said before the request itself was looked at: with other credentials, or another server, it may well succeed. */
const turnedAway: readonly number[] = [grpcStatus.UNAUTHENTICATED, grpcStatus.UNIMPLEMENTED]

/** Rule 1 of the ledger: "not done" is said only where no try of this call can have done it. */
function settlementOf(outcome: GrpcOutcome, code: number): Settlement {
  switch (outcome) {
    case 'done':
      return code === grpcStatus.OK ? 'succeeded' : 'unknown'
    case 'not-sent':
      return 'released'
    case 'refused':
      return turnedAway.includes(code) ? 'released' : 'failed'
    default:
      return 'unknown'
  }
}

/** The key as it is sent where there is no ledger: the one that the first round of a ledger would send. */
function keySent(operation: string, key: Key): string {
  return effectKeyOf({ scope: 'default', operation, key: encodeKey(key), round: 0 })
}

export const grpcClientRules: GrpcClientRules = {
  keySent,
  outcomeOf,
  pushbackOf,
  isWorthAnother,
  outcomeOfAll,
  settlementOf,
  mayResend: outboundRules.mayResend,
  waitBefore: outboundRules.waitBefore,
  budgetAllows: outboundRules.budgetAllows,
}
