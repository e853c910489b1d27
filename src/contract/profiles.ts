import type { ProfileName } from '../http/profiles.ts'

/** A way to write a key that a profile refuses; `malformedKeys` in malformed.ts makes it. */
export type Malformation =
  | 'bare-token'
  | 'integer'
  | 'byte-sequence'
  | 'bad-escape'
  | 'unterminated'
  | 'non-ascii'
  | 'list'
  | 'two-lines'
  | 'too-long'
  | 'bad-first-sent'

/** What a client sees of a provider's rules. */
export interface Profile {
  readonly name: ProfileName
  /** The document that the rules come from. */
  readonly source: string
  readonly keyHeader: string
  /** How the tester writes a key: as a structured-field string, or as it is. */
  readonly keyForm: 'quoted' | 'bare'
  /** In the words of the page for partners. */
  readonly keyFormat: string
  readonly needsFirstSent: boolean
  /** The answer to a request without a key; `undefined` where a key is optional. */
  readonly missing: number | undefined
  readonly malformed: readonly Malformation[]
  /** The answer to a key that was used with another payload; `undefined` where the profile names none. */
  readonly mismatch: number | undefined
  /** The answers to a key whose first request is still at work. */
  readonly inFlight: readonly number[]
  readonly needsRetryAfter: boolean
  /** Which error answers are kept and replayed. */
  readonly replaysErrors: 'all' | 'below-500' | 'none'
  /** How long a key is kept unless the service says otherwise. */
  readonly retainMs: number
  /** The answer to a retry after the published window; `undefined` where it runs as new, or as documented. */
  readonly expired: number | undefined
}

const dayMs = 24 * 60 * 60 * 1000

const ietf = {
  source: 'draft-ietf-httpapi-idempotency-key-header-07',
  keyHeader: 'Idempotency-Key',
  needsFirstSent: false,
  missing: 400,
  mismatch: 422,
  inFlight: [409],
  needsRetryAfter: false,
  replaysErrors: 'all',
  retainMs: 30 * dayMs,
  expired: undefined,
} as const

const bare = {
  ...ietf,
  keyForm: 'bare',
  keyFormat: 'a text of your choice without quotes, a random UUID for instance',
  malformed: [],
} as const

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'ietf-07-lenient': {
    ...ietf,
    name: 'ietf-07-lenient',
    keyForm: 'quoted',
    keyFormat: 'a string in double quotes (RFC 8941), a random UUID for instance; a bare token is taken too',
    malformed: ['bad-escape', 'unterminated', 'non-ascii', 'list', 'two-lines'],
  },
  'ietf-07-strict': {
    ...ietf,
    name: 'ietf-07-strict',
    keyForm: 'quoted',
    keyFormat: 'a string in double quotes (RFC 8941), a random UUID for instance',
    malformed: [
      'bare-token',
      'integer',
      'byte-sequence',
      'bad-escape',
      'unterminated',
      'non-ascii',
      'list',
      'two-lines',
    ],
  },
  'stripe-v1': {
    ...bare,
    name: 'stripe-v1',
    source: 'Stripe API v1, idempotent requests',
    keyFormat: 'a text of at most 255 characters without quotes, a random UUID for instance',
    missing: undefined,
    malformed: ['too-long'],
    mismatch: 400,
    retainMs: dayMs,
  },
  acp: {
    ...bare,
    name: 'acp',
    source: 'Agentic Commerce Protocol',
    needsRetryAfter: true,
    replaysErrors: 'below-500',
  },
  'checkout.com': {
    ...bare,
    name: 'checkout.com',
    source: 'Checkout.com API, idempotency',
    missing: undefined,
    mismatch: undefined,
    inFlight: [409, 425, 429],
    replaysErrors: 'none',
    retainMs: dayMs,
  },
  oasis: {
    ...bare,
    name: 'oasis',
    source: 'OASIS Repeatable Requests 1.0',
    keyHeader: 'Repeatability-Request-ID',
    keyFormat: 'a random UUID, with the time of the first try in Repeatability-First-Sent (an HTTP date)',
    needsFirstSent: true,
    missing: undefined,
    malformed: ['bad-first-sent'],
    mismatch: undefined,
    inFlight: [409, 425, 429],
    replaysErrors: 'below-500',
    retainMs: dayMs,
    expired: 412,
  },
}
