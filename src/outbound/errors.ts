import { type ErrorCode, type ErrorDetails, OncewardError } from '../kernel/errors.ts'

/** What is known of a call that came to no answer. */
export type SendOutcome =
  /** Not a byte of the request was written to a connection, on any attempt. */
  | 'not-sent'
  /** It may have been carried out. */
  | 'unknown'
  /** Turned away before anything could happen: by this client (circuit, bulkhead), or by the target (429). */
  | 'refused'

/** An `OncewardError` of an outbound call. */
export class OutboundError extends OncewardError {
  readonly outcome: SendOutcome
  /** How often it was tried, the first time included. */
  readonly attempts: number
  /** Of `RETRY_LATER`: from when on it may be tried again. RFC 3339, UTC. */
  declare readonly at?: string

  constructor(code: ErrorCode, message: string, about: OutboundErrorAbout) {
    const { outcome, attempts, at, details, cause } = about
    super(code, message, { details: { outcome, attempts, ...details, ...(at && { at }) }, cause })
    this.outcome = outcome
    this.attempts = attempts
    if (at !== undefined) this.at = at
  }
}

export interface OutboundErrorAbout {
  readonly outcome: SendOutcome
  readonly attempts: number
  readonly at?: string | undefined
  readonly details?: ErrorDetails
  readonly cause?: unknown
}
