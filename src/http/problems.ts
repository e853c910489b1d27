import type { Answer, HeaderPairs } from './message.ts'

/** Where `docs/reference/problems.md` is read, unless `docsUrl` names a page of your own. */
export const defaultDocsUrl = 'https://www.npmjs.com/package/onceward'

export type ProblemType =
  | 'key-missing'
  | 'key-malformed'
  | 'key-unstable'
  | 'key-reused'
  | 'key-expired'
  | 'caller-unknown'
  | 'body-too-large'
  | 'payload-altered'
  | 'payload-unstated'
  | 'in-progress'
  | 'in-doubt'
  | 'twin-refused'
  | 'failed'
  | 'answer-not-kept'
  | 'handler-failed'
  | 'no-answer'
  | 'recall-pending'
  | 'store-unavailable'

/** What all problems of one type have in common. */
export interface ProblemKind {
  readonly status: number
  readonly title: string
}

/**
 * Every problem that the engine answers by itself (RFC 9457), never captured as the answer of a handler.
 * `docs/reference/problems.md` explains each; a test holds the two together.
 */
export const problemTypes: Readonly<Record<ProblemType, ProblemKind>> = {
  'key-missing': { status: 400, title: 'An idempotency key is required' },
  'key-malformed': { status: 400, title: 'The idempotency key is malformed' },
  'key-unstable': { status: 400, title: 'The idempotency key would change with every retry' },
  'key-reused': { status: 422, title: 'The idempotency key was used with another request' },
  'key-expired': { status: 412, title: 'The answer to this idempotency key is no longer kept' },
  'caller-unknown': { status: 403, title: 'The caller of this request is not known' },
  'body-too-large': { status: 413, title: 'The request body is too large' },
  'payload-altered': { status: 400, title: 'The request body is not what was sent' },
  'payload-unstated': { status: 400, title: 'The request body came without a digest' },
  'in-progress': { status: 409, title: 'A request with this idempotency key is in progress' },
  'in-doubt': { status: 409, title: 'It is not known how this request ended' },
  'twin-refused': { status: 409, title: 'The same request was made under another key a moment ago' },
  failed: { status: 409, title: 'This request definitely failed' },
  'answer-not-kept': { status: 410, title: 'This request was carried out, its answer was not kept' },
  'handler-failed': { status: 500, title: 'The request could not be completed' },
  'no-answer': { status: 504, title: 'The request was not answered in time' },
  'recall-pending': { status: 503, title: 'The store is recovering what it knew of this key' },
  'store-unavailable': { status: 503, title: 'The idempotency store cannot be reached' },
}

export interface ProblemInit {
  /** For people. Holds no input and no secret. */
  readonly detail: string
  /** Overrides the status of the type. */
  readonly status?: number | undefined
  readonly retryAfterMs?: number | undefined
  /** The entry, as `onceward show` and `onceward doubt resolve` take it. */
  readonly ref?: string | undefined
  /** Members of its own. */
  readonly more?: Readonly<Record<string, unknown>> | undefined
}

/** An answer of type `application/problem+json`, with a link to its documentation (draft-07 §2.7). */
export function problemAnswer(docsUrl: string, type: ProblemType, init: ProblemInit): Answer {
  return problemOfKind(docsUrl, { type, ...problemTypes[type] }, init)
}

/** The same for a type that is not the engine's. */
export function problemOfKind(
  docsUrl: string,
  { type, title, status: usual }: ProblemKind & { readonly type: string },
  init: ProblemInit,
): Answer {
  const { detail, status = usual, retryAfterMs, ref, more } = init
  const uri = `${docsUrl}#${type}`
  const body = { type: uri, title, status, detail, ...(ref === undefined ? {} : { ref }), ...more }
  const headers: HeaderPairs = [
    ['content-type', 'application/problem+json'],
    ['cache-control', 'no-store'],
    ['link', `<${uri}>; rel="describedby"; type="text/html"`],
    ...(retryAfterMs === undefined ? [] : [['retry-after', String(secondsOf(retryAfterMs))] as const]),
  ]
  return { status, headers, body: JSON.stringify(body) }
}

/** Retry-After has whole seconds, and none of them is zero. */
function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
