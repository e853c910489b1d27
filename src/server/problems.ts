import { isOncewardError, messageOf, type ErrorCode } from '../kernel/errors.ts'
import { defaultDocsUrl, type ProblemKind, type ProblemInit, problemOfKind } from '../http/problems.ts'
import { responseOf } from '../http/fetch/capture.ts'

export type ServerProblemType =
  | 'invalid'
  | 'not-signed-in'
  | 'not-allowed'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'too-large'
  | 'media-type'
  | 'cross-site'
  | 'host-unknown'
  | 'too-many-requests'
  | 'unavailable'
  | 'timed-out'
  | 'unexpected'

/** What the server answers by itself. `docs/reference/problems.md` explains each. */
export const serverProblemTypes: Readonly<Record<ServerProblemType, ProblemKind>> = {
  invalid: { status: 400, title: 'The request is not what this route takes' },
  'not-signed-in': { status: 401, title: 'A token is needed here' },
  'not-allowed': { status: 403, title: 'This token may not do that' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This path knows no such method' },
  conflict: { status: 409, title: 'It has changed meanwhile, or is in a state that does not allow this' },
  'too-large': { status: 413, title: 'The request is too large' },
  'media-type': { status: 415, title: 'The body must be JSON' },
  'cross-site': { status: 403, title: 'The request comes from a page of another site' },
  'host-unknown': { status: 421, title: 'This server does not answer to that name' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'The store cannot be reached' },
  'timed-out': { status: 504, title: 'The request was not answered in time' },
  unexpected: { status: 500, title: 'Something went wrong here' },
}

/** Thrown anywhere behind the door; becomes an answer of type `application/problem+json`. */
export class Problem extends Error {
  readonly type: ServerProblemType
  readonly init: ProblemInit

  constructor(type: ServerProblemType, detail: string, more: Omit<ProblemInit, 'detail'> = {}) {
    super(detail)
    this.type = type
    this.init = { detail, ...more }
  }
}

export function problemResponse(type: ServerProblemType, init: ProblemInit): Response {
  return responseOf(problemOfKind(defaultDocsUrl, { type, ...serverProblemTypes[type] }, init))
}

const byCode: Readonly<Partial<Record<ErrorCode, ServerProblemType>>> = {
  OPTION_INVALID: 'invalid',
  KEY_INVALID: 'invalid',
  KEY_UNSTABLE: 'invalid',
  INPUT_INVALID: 'invalid',
  INPUT_TOO_LARGE: 'too-large',
  NOT_FOUND: 'not-found',
  CONFLICT: 'conflict',
  IN_DOUBT: 'conflict',
  KEY_REUSED: 'conflict',
  KEY_EXPIRED: 'conflict',
  KEY_TWIN: 'conflict',
  IN_PROGRESS: 'conflict',
  CLOSED: 'unavailable',
  RECALL_PENDING: 'unavailable',
  STORE_UNAVAILABLE: 'unavailable',
  STORE_REJECTED: 'unavailable',
  STORE_INCOMPATIBLE: 'unavailable',
}

/** What an error means to a client. What it does not understand is told to `onError`, and to the client nothing of it. */
export function problemOf(error: unknown, onError: (error: unknown) => void): Response {
  if (error instanceof Problem) return problemResponse(error.type, error.init)
  if (isOncewardError(error)) {
    const type = byCode[error.code]
    const { ref, retryAfterMs } = error.details
    if (type !== undefined)
      return problemResponse(type, {
        detail: messageOf(error),
        ref,
        retryAfterMs,
        more: { code: error.code },
      })
  }
  onError(error)
  return problemResponse('unexpected', { detail: 'The server has a fault; its log says more.' })
}
