import { sha256Text } from '../kernel/ids.ts'
import { type OutcomeClass, profiles } from '../http/profiles.ts'
import { refusalOf, requestHeaders, responseHeaders } from './headers.ts'
import type { PolicyConfig, VerifiableRoute } from './schema.ts'

/*
 * Every decision of the gateway, as pure functions. It calls them through `GatewayRules`, so that a test can put one
 * broken decision in their place; nothing a user can set does.
 */
export interface GatewayRules {
  refusalOf: typeof refusalOf
  requestHeaders: typeof requestHeaders
  responseHeaders: typeof responseHeaders
  authorizationCaller: typeof authorizationCaller
  beginMs: typeof beginMs
  sendFailure: typeof sendFailure
  failureClass: typeof failureClass
  classOf: typeof classOf
  statusMeans: typeof statusMeans
}

/** How a request that got no whole answer ended. */
export type SendFailure =
  /** Not a byte of it was written to a connection. */
  | 'not-sent'
  /** The connection broke behind the first byte. */
  | 'cut'
  /** Sent, and not answered in time. */
  | 'timed-out'

/** What is known of a send that failed. */
export interface FailedSend {
  /** Whether writing had begun: the sender is told right before the first byte. */
  readonly hasBegun: boolean
  readonly code: unknown
}

/**
 * How long a request may wait for a connection: not as long as its client waits for the answer. What has been answered
 * with a timeout must never be sent afterwards, and what was never sent leaves its key free.
 */
export function beginMs(answerMs: number): number {
  return Math.ceil(answerMs * 0.9)
}

/**
 * Rule 1 of the ledger: an error code alone never says that nothing was sent (a reset comes before and behind an
 * effect alike); that not a byte was given to a connection does.
 */
export function sendFailure({ hasBegun, code }: FailedSend): SendFailure {
  if (!hasBegun) return 'not-sent'
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' ? 'timed-out' : 'cut'
}

export function failureClass(failure: SendFailure): OutcomeClass {
  return failure === 'not-sent' ? 'no-effect' : 'ambiguous'
}

/** What an answer of the upstream says of the effect: the route's word, else a keyed upstream's, else the profile's. */
export function classOf(
  policy: PolicyConfig,
  answer: { readonly status: number; readonly attempt: number },
): OutcomeClass {
  const { status, attempt } = answer
  const rule = policy.outcome.find(({ from, to }) => from <= status && status <= to)
  if (rule !== undefined) return rule.outcome
  if (policy.safety.kind === 'keyed' && isAboutTheKey(status, attempt)) return 'ambiguous'
  return profiles[policy.profile].classOf(status)
}

/**
 * Rule 5 of the ledger: "key in use" and "key reused" of an upstream that deduplicates are no outcomes. 409 is how it
 * says the first; of a key that was sent before, any refusal of a request may be about the key.
 */
function isAboutTheKey(status: number, attempt: number): boolean {
  return status === 409 || (attempt > 1 && [400, 412, 422, 425].includes(status))
}

/** The digest of a credential stands for whoever holds it; the credential itself reaches no store and no log. */
export function authorizationCaller(authorization: string | undefined): string {
  return authorization === undefined ? 'anonymous' : `authorization-${sha256Text(authorization)}`
}

/** What the status answer of a verifiable route says. What is in neither list says nothing. */
export function statusMeans(
  route: Pick<VerifiableRoute, 'happened' | 'didNotHappen'>,
  status: number,
): 'happened' | 'did-not-happen' | 'unknown' {
  if (route.happened.includes(status)) return 'happened'
  return route.didNotHappen.includes(status) ? 'did-not-happen' : 'unknown'
}

export const gatewayRules: GatewayRules = {
  refusalOf,
  requestHeaders,
  responseHeaders,
  authorizationCaller,
  beginMs,
  sendFailure,
  failureClass,
  classOf,
  statusMeans,
}
