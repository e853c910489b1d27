import type { ErrorCode, OncewardError } from '../kernel/errors.ts'
import type { EngineContext } from './context.ts'
import type { Answer } from './message.ts'
import type { ProblemInit, ProblemType } from './problems.ts'

/** How soon it is worth asking again, where nothing better is known. */
const askAgainMs = 1000

/** What an error of the ledger means to a client. Messages of the ledger name keys and stay inside. */
const meanings: Partial<Record<ErrorCode, readonly [ProblemType, string, retryAfterMs?: number]>> = {
  KEY_REUSED: [
    'key-reused',
    'This key was used before with another body or path. Use a new key for new work, and send the same request for the same work.',
  ],
  KEY_EXPIRED: ['key-expired', 'The request was carried out; its answer is past its retention.'],
  KEY_UNSTABLE: [
    'key-unstable',
    'The key holds the present time, so that a retry would make another. Name the work instead, or use a UUID and keep it.',
  ],
  KEY_INVALID: ['key-malformed', 'The key holds what cannot be stored.'],
  KEY_TWIN: ['twin-refused', 'The same body came for the same subject under another key a moment ago.'],
  IN_PROGRESS: ['in-progress', 'The first request with this key is still being carried out.', askAgainMs],
  RECALL_PENDING: [
    'recall-pending',
    'After a failover it is not yet known what became of this key.',
    askAgainMs,
  ],
  IN_DOUBT: [
    'in-doubt',
    'The request may have been carried out. It will not be carried out again by itself.',
  ],
  LEASE_LOST: [
    'in-doubt',
    'The request may have been carried out. It will not be carried out again by itself.',
  ],
  OUTCOME_UNKNOWN: [
    'in-progress',
    'The request ended without a known outcome; sending it again is safe.',
    askAgainMs,
  ],
  EFFECT_FAILED: ['failed', 'The request definitely failed, and would fail again.'],
  RESULT_TOO_LARGE: ['answer-not-kept', 'The answer was larger than is kept. Nothing runs again.'],
  RESULT_INVALID: ['answer-not-kept', 'The kept answer cannot be read. Nothing runs again.'],
  STORE_UNAVAILABLE: ['store-unavailable', 'Nothing was carried out.', askAgainMs],
  STORE_REJECTED: ['store-unavailable', 'The store refused the request.', askAgainMs],
  STORE_INCOMPATIBLE: ['store-unavailable', 'The store is of another version.', askAgainMs],
  CLOSED: ['store-unavailable', 'This service is stopping.', askAgainMs],
}

/** The problem that stands for an error of the ledger. Rethrows what is a mistake of the service's own. */
export function problemOf<Native>(
  context: EngineContext<Native>,
  error: OncewardError,
  hasBegun = false,
): Answer {
  // Whatever stopped a handler that had begun: it may have done its work.
  const code = hasBegun && error.code === 'CLOSED' ? 'IN_DOUBT' : error.code
  const meaning = meanings[code]
  if (meaning === undefined) throw error
  const [type, detail, retryAfterMs] = meaning
  const { ref, retryAfterMs: knownMs, failureCode } = error.details
  const status = type === 'key-reused' ? context.options.profile.mismatchStatus : undefined
  // How long a lease lasts says nothing of how long its owner takes.
  const afterMs = type === 'recall-pending' ? (knownMs ?? retryAfterMs) : retryAfterMs
  const init: ProblemInit = {
    detail,
    status,
    retryAfterMs: afterMs,
    // An entry that is somebody else's work under this key says nothing to who reused it.
    ref: type === 'key-reused' ? undefined : ref,
    ...(failureCode === undefined ? {} : { more: { code: failureCode } }),
  }
  return context.problem(type, init)
}
