import { type ErrorCode, isOncewardError } from '../kernel/errors.ts'
import { isStoreFault } from '../ledger/store.ts'

/** DESIGN.md section 3. `found` and `failed` are one number: a search that found trouble has not gone well. */
export const exitCodes = { done: 0, failed: 1, found: 1, usage: 2, inDoubt: 3, storeUnavailable: 4 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/**
 * The one place where a coded error becomes an exit code. Three is said where the effect may have happened, even if
 * calling again is safe: a script that takes it for a failure would be told something nobody knows.
 */
const byCode: Readonly<Record<ErrorCode, ExitCode>> = {
  KEY_INVALID: exitCodes.usage,
  KEY_UNSTABLE: exitCodes.usage,
  KEY_REUSED: exitCodes.usage,
  KEY_EXPIRED: exitCodes.failed,
  KEY_TWIN: exitCodes.usage,
  INPUT_INVALID: exitCodes.usage,
  INPUT_TOO_LARGE: exitCodes.usage,
  IN_PROGRESS: exitCodes.failed,
  RECALL_PENDING: exitCodes.failed,
  IN_DOUBT: exitCodes.inDoubt,
  OUTCOME_UNKNOWN: exitCodes.inDoubt,
  LEASE_LOST: exitCodes.inDoubt,
  PAYLOAD_ALTERED: exitCodes.usage,
  PAYLOAD_UNSTATED: exitCodes.usage,
  PAYLOAD_INVALID: exitCodes.usage,
  FIELD_MISSING: exitCodes.usage,
  EFFECT_FAILED: exitCodes.failed,
  RESULT_TOO_LARGE: exitCodes.failed,
  RESULT_INVALID: exitCodes.failed,
  STEP_INVALID: exitCodes.failed,
  STEP_DIVERGED: exitCodes.failed,
  OPTION_INVALID: exitCodes.usage,
  NOT_FOUND: exitCodes.failed,
  CONFLICT: exitCodes.failed,
  CLOSED: exitCodes.failed,
  STORE_UNAVAILABLE: exitCodes.storeUnavailable,
  STORE_REJECTED: exitCodes.failed,
  STORE_INCOMPATIBLE: exitCodes.storeUnavailable,
  TARGET_UNREACHABLE: exitCodes.failed,
  NOT_SENT: exitCodes.failed,
  SEND_UNKNOWN: exitCodes.inDoubt,
  RETRY_LATER: exitCodes.failed,
  CIRCUIT_OPEN: exitCodes.failed,
  BULKHEAD_FULL: exitCodes.failed,
  ANSWER_TOO_LARGE: exitCodes.inDoubt,
  SOURCE_INVALID: exitCodes.usage,
  SOURCE_UNAVAILABLE: exitCodes.storeUnavailable,
  DEPENDENCY_MISSING: exitCodes.usage,
}

export function exitCodeOfCode(code: string): ExitCode {
  return (byCode as Readonly<Record<string, ExitCode | undefined>>)[code] ?? exitCodes.failed
}

export function exitCodeOf(error: unknown): ExitCode {
  if (isOncewardError(error)) return exitCodeOfCode(error.code)
  return isStoreFault(error) ? exitCodes.storeUnavailable : exitCodes.failed
}
