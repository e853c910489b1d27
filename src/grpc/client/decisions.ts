import { finalStatuses, grpcStatus } from '../status.ts'

/* Every decision of the client side that is not that of `onceward/fetch`, as pure functions that a mutant can replace. */
export interface GrpcClientRules {
  outcomeOf: typeof outcomeOf
  pushbackOf: typeof pushbackOf
  isWorthAnother: typeof isWorthAnother
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
  /** The status is the server's own, and no response had begun before it. */
  readonly isAnswered: boolean
  /** Why a guard of Onceward's on the other side refused. */
  readonly problem: string | undefined
  /** The values of `grpc-retry-pushback-ms`. */
  readonly pushback: readonly string[]
}

const refusals: readonly string[] = ['key-missing', 'key-malformed', 'key-unstable', 'caller-unknown', 'body-too-large', 'twin-refused', 'failed']
const doneWithoutAnswer: readonly string[] = ['key-expired', 'answer-not-kept']

export function outcomeOf(end: AttemptEnd): GrpcOutcome {
  const { code, problem } = end
  // OK is no proof: a reply that is cut behind its head ends with it, and the library then says UNIMPLEMENTED.
  if (code === grpcStatus.OK) return end.hasMessage ? 'done' : 'unknown'
  if (!end.mayHaveArrived) return 'not-sent'
  // Rule 5 of the ledger: "in use" and "reused" are no outcomes.
  if (problem !== undefined)
    return refusals.includes(problem) ? 'refused' : doneWithoutAnswer.includes(problem) ? 'done' : 'unknown'
  if (end.hasMessage) return 'unknown'
  if (code === grpcStatus.UNIMPLEMENTED) return end.isAnswered ? 'refused' : 'unknown'
  return finalStatuses.has(code) ? 'refused' : 'unknown'
}

/** gRFC A6: a wait in milliseconds; whatever is not that says that there is to be no other try. */
export function pushbackOf(values: readonly string[]): number | 'stop' | undefined {
  const [only, second] = values
  if (only === undefined) return undefined
  return second === undefined && /^\d{1,10}$/.test(only) ? Number(only) : 'stop'
}

/** Never retried: another try would be answered the same, or the caller has to begin anew on a higher level. */
const notRetried: ReadonlySet<number> = new Set(
  [...finalStatuses].filter((code) => code !== grpcStatus.OK && code !== grpcStatus.UNIMPLEMENTED),
)

/** Whether another try could end otherwise. Whether it is safe is another question (`mayResend`). */
export function isWorthAnother(end: AttemptEnd, outcome: GrpcOutcome): boolean {
  if (outcome === 'not-sent') return true
  if (outcome !== 'unknown' || notRetried.has(end.code)) return false
  // A server's ABORTED asks the caller to begin anew, unless it names the time for the very same call. Connect also
  // makes it up, for connections that were reset.
  return end.code !== grpcStatus.ABORTED || !end.isAnswered || end.pushback.length > 0
}

/** What the ledger is told of a call that is an effect of its. */
export type Settlement = 'succeeded' | 'failed' | 'released' | 'unknown'

/** Said before the request itself was looked at: with other credentials, or another server, it may well succeed. */
const turnedAway: readonly number[] = [grpcStatus.UNAUTHENTICATED, grpcStatus.UNIMPLEMENTED]

/** Rule 1 of the ledger: "not done" is said only where no try of this call can have done it. */
export function settlementOf(call: {
  readonly outcome: GrpcOutcome
  readonly code: number
  /** An earlier try of it may have been carried out. */
  readonly hadUnknown: boolean
}): Settlement {
  if (call.outcome === 'done') return call.code === grpcStatus.OK ? 'succeeded' : 'unknown'
  if (call.outcome === 'unknown' || call.hadUnknown) return 'unknown'
  if (call.outcome === 'not-sent') return 'released'
  return turnedAway.includes(call.code) ? 'released' : 'failed'
}

export const grpcClientRules: GrpcClientRules = { outcomeOf, pushbackOf, isWorthAnother, settlementOf }
