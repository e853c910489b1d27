/** Where and how a target takes the idempotency key. */
export type KeyPlacement =
  /** A request header. `sf-string` writes it in quotes (RFC 8941 String, as draft-ietf-httpapi-idempotency-key asks). */
  | { readonly in: 'header'; readonly name: string; readonly form?: 'bare' | 'sf-string' }
  /** A member at the top of a JSON body, as Square's `idempotency_key`. The body must then be a JSON object. */
  | { readonly in: 'body'; readonly name: string }
  /** Anything else. Pure: the same call and key give the same call, on every attempt. */
  | { readonly in: 'custom'; place(call: TargetCall, key: string): TargetCall }

/** A call as a target profile sees it, before its body is written out. */
export interface TargetCall {
  readonly method: string
  /** With the query, without the origin; begins with `/`. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** An answer of a target, whole. */
export interface TargetAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Uint8Array
}

/** What is known of an API that is called: above all, what its idempotency keys are good for. */
export interface TargetProfile {
  /** Short, for messages and events: `stripe`. */
  readonly name: string
  /** Absent: the target knows no keys; none is sent, and nothing that may have arrived is sent again. */
  readonly key?: KeyPlacement
  /** How long the target remembers a key, from its first use. Needed with `key`. */
  readonly keyLifetimeMs?: number
  /** Longest key it takes, in bytes. Default 255. A longer one is refused before anything is sent. */
  readonly maxKeyBytes?: number
  /**
   * Which calls the target deduplicates by the key. Default: all but GET, HEAD and OPTIONS. A call for which this is
   * false gets no key, and is retried only where it was certainly not sent.
   */
  honours?(call: TargetCall): boolean
  /** Statuses, beside 2xx, that answer a repeated key with the first result: done. */
  readonly duplicateStatuses?: readonly number[]
  /** The same where the status alone does not tell: looks at header or body. True: this is the first result, done. */
  isDuplicate?(answer: TargetAnswer): boolean
  /** Statuses retried beside 408, 425, 429, 500, 502, 503 and 504, as Stripe's 409 ("key in use"). */
  readonly retryStatuses?: readonly number[]
  /** The target's own word on a retry, as `stripe-should-retry`. It goes before the statuses, either way. */
  retryHint?(answer: TargetAnswer): 'retry' | 'final' | undefined
  /** A wait that the target asks for elsewhere than in `retry-after`. Milliseconds from now; never undercut. */
  retryAfterMs?(answer: TargetAnswer): number | undefined
  /** Where each claim of this profile is from: document and what it says, with its date or version. */
  readonly sources?: readonly TargetSource[]
}

export interface TargetSource {
  readonly url: string
  readonly says: string
  /** When it was read, `2026-11`. */
  readonly read?: string
}
