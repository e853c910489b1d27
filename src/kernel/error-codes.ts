/**
 * Every code an `OncewardError` can carry. `docs/reference/errors.md` explains each; a test holds the two together.
 */
export const errorCodes = [
  /** The key is empty, longer than 255 bytes, or holds what cannot be stored. */
  'KEY_INVALID',
  /** The key holds an instant, so a retry would mint another. */
  'KEY_UNSTABLE',
  /** The key was used before with another input. */
  'KEY_REUSED',
  /** The work was done, its result has been forgotten. */
  'KEY_EXPIRED',
  /** Another key did the same work for the same subject a moment ago. */
  'KEY_TWIN',
  /** The input is not JSON. */
  'INPUT_INVALID',
  /** The input is larger than allowed. */
  'INPUT_TOO_LARGE',
  /** Somebody else is doing this work. */
  'IN_PROGRESS',
  /** After a failover: other workers may still tell what they know of this work. */
  'RECALL_PENDING',
  /** The effect may have happened and nobody knows how it ended. */
  'IN_DOUBT',
  /** This attempt ended without a known outcome; calling again is safe. */
  'OUTCOME_UNKNOWN',
  /** The lease ended before the attempt did. */
  'LEASE_LOST',
  /** A message is not what its sender stated: cut, padded or altered. */
  'PAYLOAD_ALTERED',
  /** A message came without length and digest, and they are required. */
  'PAYLOAD_UNSTATED',
  /** A message does not satisfy its schema, or the rules in it. */
  'PAYLOAD_INVALID',
  /** A field that must be there is not. */
  'FIELD_MISSING',
  /** The effect definitely failed. */
  'EFFECT_FAILED',
  /** The work was done, its result was not kept. */
  'RESULT_TOO_LARGE',
  /** The kept result does not have the shape that parse expects. */
  'RESULT_INVALID',
  /** A step was named twice, too often, or where steps are not declared. */
  'STEP_INVALID',
  /** A step was called again with another input. */
  'STEP_DIVERGED',
  /** An option or argument has a wrong value. */
  'OPTION_INVALID',
  /** The ledger has no such entry. */
  'NOT_FOUND',
  /** The entry changed meanwhile, or is in a state that does not allow this. */
  'CONFLICT',
  /** This instance has been closed. */
  'CLOSED',
  /** The store cannot be reached or does not answer in time. */
  'STORE_UNAVAILABLE',
  /** The store refused this one write, and would again. */
  'STORE_REJECTED',
  /** The store is not a ledger, or one of a newer version. */
  'STORE_INCOMPATIBLE',
  /** The service under test, or what counts its effects, cannot be reached. */
  'TARGET_UNREACHABLE',
  /** A request was not sent: not a byte of it was written to a connection. */
  'NOT_SENT',
  /** A request may have been carried out, and no answer says so. */
  'SEND_UNKNOWN',
  /** The target asks to be left alone for longer than the caller waits. */
  'RETRY_LATER',
  /** The circuit to a destination is open. */
  'CIRCUIT_OPEN',
  /** As many calls to a destination run and wait as may. */
  'BULKHEAD_FULL',
  /** An answer was larger than allowed, and was cut off. */
  'ANSWER_TOO_LARGE',
  /** The data to look at is empty, broken, or not what it says it is. */
  'SOURCE_INVALID',
  /** The database that holds the data to look at cannot be reached, or refuses. */
  'SOURCE_UNAVAILABLE',
  /** An optional package is not installed. */
  'DEPENDENCY_MISSING',
] as const
