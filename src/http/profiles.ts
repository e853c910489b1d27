/** What an answer says of the effect (docs/guide/http.md). */
export type OutcomeClass =
  /** It is what this request comes to: kept and replayed. */
  | 'final'
  /** Nothing has begun: not kept, and the key is free for the same request. */
  | 'no-effect'
  /** The effect may have happened: never kept as the answer, never started afresh. */
  | 'ambiguous'

export const profileNames = [
  'ietf-07-lenient',
  'ietf-07-strict',
  'stripe-v1',
  'acp',
  'checkout.com',
  'oasis',
] as const
export type ProfileName = (typeof profileNames)[number]

/** How a key is written: an RFC 8941 String, that or a bare token, or bare only. */
export type KeySyntax = 'sf-string' | 'sf-or-bare' | 'bare'

export interface Profile {
  readonly name: ProfileName
  /** In lower case. */
  readonly header: string
  readonly syntax: KeySyntax
  /** Status of a key that comes again with another request. */
  readonly mismatchStatus: 400 | 422
  /** A key is required of these methods unless `require` says otherwise. */
  readonly required: readonly string[]
  readonly classOf: (status: number) => OutcomeClass
  /** What becomes of a request whose handler threw. */
  readonly thrown: OutcomeClass
  /** How long an answer is kept. */
  readonly retainMs: number
  readonly minRetainMs: number
  /** Set where a key is to run as new once its answer is past its retention; it is an option of the whole instance. */
  readonly tombstoneMs?: number
  /** OASIS: the header that says when the request was first sent. */
  readonly firstSentHeader?: string
}

const dayMs = 24 * 60 * 60 * 1000

const ietf: Omit<Profile, 'name' | 'syntax'> = {
  header: 'idempotency-key',
  mismatchStatus: 422,
  required: [],
  classOf: () => 'final',
  thrown: 'ambiguous',
  retainMs: 30 * dayMs,
  minRetainMs: 0,
}

/** Refusals that Stripe does not keep: malformed requests, missing rights, rate limits. */
const stripeRefusals: readonly number[] = [400, 401, 403, 429]

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'ietf-07-lenient': { ...ietf, name: 'ietf-07-lenient', syntax: 'sf-or-bare' },
  'ietf-07-strict': { ...ietf, name: 'ietf-07-strict', syntax: 'sf-string' },
  'stripe-v1': {
    ...ietf,
    name: 'stripe-v1',
    syntax: 'bare',
    mismatchStatus: 400,
    classOf: (status) => (stripeRefusals.includes(status) ? 'no-effect' : 'final'),
    thrown: 'final',
    retainMs: dayMs,
    tombstoneMs: 0,
  },
  acp: {
    ...ietf,
    name: 'acp',
    syntax: 'bare',
    required: ['POST'],
    classOf: (status) => (status >= 500 ? 'ambiguous' : 'final'),
    minRetainMs: dayMs,
  },
  'checkout.com': {
    ...ietf,
    name: 'checkout.com',
    syntax: 'bare',
    classOf: (status) => (status >= 500 ? 'ambiguous' : status >= 300 ? 'no-effect' : 'final'),
    retainMs: dayMs,
  },
  oasis: {
    ...ietf,
    name: 'oasis',
    header: 'repeatability-request-id',
    syntax: 'bare',
    classOf: (status) => (status >= 500 ? 'no-effect' : 'final'),
    retainMs: dayMs,
    firstSentHeader: 'repeatability-first-sent',
  },
}
