import { type HttpRules, httpRules } from '../../http/decisions.ts'
import type { OutcomeClass, ProblemType } from '../../http/index.ts'
import { afterClose } from './after-close.ts'
import { operationOfPath } from '../operation.ts'
import { finalStatuses, grpcStatus } from '../status.ts'

/* Every decision of the server side, as pure functions that a mutant can replace: those of the HTTP engine and its own. */
export interface GrpcServerRules extends HttpRules {
  classOfStatus: typeof classOfStatus
  statusOfProblem: typeof statusOfProblem
  framed: typeof framed
  afterClose: typeof afterClose
}

/**
 * What a handler's status says of the effect. None says by itself that nothing has begun. `passedOn` is what is known of
 * a call of the handler's own whose error it answers with (`onceward-outcome`): unknown there is unknown here.
 */
function classOfStatus(code: number, passedOn?: string): OutcomeClass {
  if (passedOn === 'unknown') return 'ambiguous'
  return finalStatuses.has(code) ? 'final' : 'ambiguous'
}

/** Half of the scope of a key; the caller is the other. */
function operationOf({ target }: { readonly target: string }): string {
  return operationOfPath(target)
}

const problemStatuses: Readonly<Record<ProblemType, number>> = {
  'key-missing': grpcStatus.INVALID_ARGUMENT,
  'key-malformed': grpcStatus.INVALID_ARGUMENT,
  'key-unstable': grpcStatus.INVALID_ARGUMENT,
  // INVALID_ARGUMENT is for what is wrong "regardless of the state of the system"; this is wrong because of it.
  'key-reused': grpcStatus.FAILED_PRECONDITION,
  'key-expired': grpcStatus.ALREADY_EXISTS,
  'caller-unknown': grpcStatus.UNAUTHENTICATED,
  'payload-altered': grpcStatus.DATA_LOSS,
  'payload-unstated': grpcStatus.INVALID_ARGUMENT,
  'body-too-large': grpcStatus.RESOURCE_EXHAUSTED,
  'in-progress': grpcStatus.ABORTED,
  // "Use FAILED_PRECONDITION if the client should not retry until the system state has been explicitly fixed."
  'in-doubt': grpcStatus.FAILED_PRECONDITION,
  'twin-refused': grpcStatus.FAILED_PRECONDITION,
  failed: grpcStatus.FAILED_PRECONDITION,
  'answer-not-kept': grpcStatus.ALREADY_EXISTS,
  'handler-failed': grpcStatus.UNKNOWN,
  'no-answer': grpcStatus.DEADLINE_EXCEEDED,
  'recall-pending': grpcStatus.UNAVAILABLE,
  'store-unavailable': grpcStatus.UNAVAILABLE,
}

/** The status of a refusal of the guard's own. */
function statusOfProblem(type: ProblemType): number {
  return problemStatuses[type]
}

/**
 * The messages of a client stream as one run of bytes, each behind its length: what is cut elsewhere, left out, or in
 * another order is another stream.
 */
function framed(messages: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(message.byteLength)
      return [length, message]
    }),
  )
}

export const grpcServerRules: GrpcServerRules = {
  ...httpRules,
  classOfStatus,
  operationOf,
  statusOfProblem,
  framed,
  afterClose,
}
