import { type ErrorCode, OncewardError } from '../kernel/errors.ts'

/** gRPC's DATA_LOSS, INVALID_ARGUMENT and RESOURCE_EXHAUSTED. */
export const statusCodes = { dataLoss: 15, invalidArgument: 3, resourceExhausted: 8 } as const

const refusing = ['PAYLOAD_ALTERED', 'PAYLOAD_UNSTATED', 'PAYLOAD_INVALID', 'FIELD_MISSING'] as const
type RefusingCode = (typeof refusing)[number] & ErrorCode

/** Who refused: the server the request, before its handler, or the client the reply. */
export type RefusedSide = 'request' | 'reply'

export interface IntegrityRefusal {
  readonly code: RefusingCode
  /** `request`: nothing was done. `reply`: the server has done it, and what it answered is not known. */
  readonly side: RefusedSide
}

/** The text that goes over the wire as the status' details, and is recognised on the other side. */
export function refusalText(side: RefusedSide, { code, message }: OncewardError): string {
  return `${code} (${side}): ${message}`
}

const pattern = /\b(PAYLOAD_ALTERED|PAYLOAD_UNSTATED|PAYLOAD_INVALID|FIELD_MISSING) \((request|reply)\): /

/** The refusal within a status' details; what stands before it is a library's own. */
export function findRefusal(details: string): (IntegrityRefusal & { readonly text: string }) | undefined {
  const found = pattern.exec(details)
  if (found === null) return undefined
  return {
    code: found[1] as RefusingCode,
    side: found[2] as RefusedSide,
    text: details.slice(found.index),
  }
}

/**
 * What an integrity check says in an error of a gRPC call (a `ServiceError` of grpc-js, a `ConnectError`); `undefined` for
 * every other error.
 */
export function integrityRefusalOf(error: unknown): IntegrityRefusal | undefined {
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined
  const found = findRefusal(String(error.message))
  return found === undefined ? undefined : { code: found.code, side: found.side }
}

export function statusOf(code: ErrorCode): number {
  return code === 'PAYLOAD_ALTERED' || code === 'PAYLOAD_UNSTATED'
    ? statusCodes.dataLoss
    : statusCodes.invalidArgument
}

/** The same refusal with the text that goes over the wire as its message. */
export function sided(side: RefusedSide, error: OncewardError): OncewardError {
  return new OncewardError(error.code, refusalText(side, error), { details: error.details, cause: error })
}
