import { boolean, count, label, milliseconds, oneOf, optionalFunction } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import type { KeyPart } from '../ledger/intent.ts'
import type { Safety, SafetyKind } from '../ledger/safety.ts'
import type { Answer, HttpBody, HttpRequest } from './message.ts'
import { defaultDocsUrl } from './problems.ts'
import { type OutcomeClass, type Profile, type ProfileName, profileNames, profiles } from './profiles.ts'

/** Options of an engine, and so of every adapter. `Native` is the framework's request. Only `caller` must be said. */
export interface HttpOptions<Native = unknown> {
  /** Names who calls: an account, a digest of a credential, never the credential. `anonymous`: all callers are one. */
  readonly caller: ((request: Native) => string) | 'anonymous'
  /** Default `ietf-07-lenient`. */
  readonly profile?: ProfileName
  /** Methods that are guarded when a key is there. Default POST and PATCH. */
  readonly methods?: readonly string[]
  /**
   * Where a key must be there: everywhere (`true`), for methods or routes (`['PATCH', 'POST /orders']`, a route by its
   * template or path), or as a function says. Default: as the profile says.
   */
  readonly require?: boolean | readonly string[] | ((request: HttpRequest<Native>) => boolean)
  /** The header the key comes in. Default: the profile's, `Idempotency-Key`. */
  readonly header?: string
  /** Where the key lies in a JSON body, as an RFC 6901 pointer, for requests without the header: `/requestId`. */
  readonly keyFromBody?: string
  /** Names the work of a request that brings no key: `(req, body) => ['partner', body.guid]`. */
  readonly naturalKey?: (request: Native, body: unknown) => readonly KeyPart[] | undefined
  /** How long a natural key names the same work. Default 86,400,000 ms. */
  readonly naturalKeyWindowMs?: number
  /**
   * What makes two requests the same: their exact bytes, their meaning as JSON, or the text a function gives. Default
   * `bytes`; `json` where fields are ignored, or where only the parsed body is at hand.
   */
  readonly fingerprint?: 'bytes' | 'json' | ((request: HttpRequest<Native>, body: HttpBody) => string)
  /** Fields of a JSON body that the fingerprint leaves out, as RFC 6901 pointers: `['/sentAt']`. */
  readonly ignore?: readonly string[]
  /** What an answer says of the effect; `undefined` leaves it to the profile. */
  readonly outcome?: (answer: Answer) => OutcomeClass | undefined
  /** Headers that are replayed beside the usual ones. */
  readonly replayHeaders?: readonly string[]
  /** Largest body of a guarded request. Default 1,048,576 bytes. */
  readonly maxBodyBytes?: number
  /** Largest answer that is kept. Default 131,072 bytes; a larger one is passed on and not replayed. */
  readonly maxAnswerBytes?: number
  /** How long a handler may take to answer. Default 60,000 ms. */
  readonly timeoutMs?: number
  /** How long a request waits for another one with its key. Default 0: it is answered 409 at once. */
  readonly waitMs?: number
  /** How long answers are kept. Default: the profile's. */
  readonly retainMs?: number
  /** What the handler's target guarantees. Default: what the operation is registered with, else `blind`. */
  readonly safety?: Safety | SafetyKind
  /** The handler's effects are all inside `onceward.step` calls. */
  readonly steps?: boolean
  readonly leaseMs?: number
  /** The business thing a request is about, `order:42`: for search and twins. */
  readonly subject?: (request: Native, body: unknown) => string | undefined
  /** Default `refuse`: 503. `run` runs the handler unguarded while the store is out, counted as `unguarded`. */
  readonly onStoreOutage?: 'refuse' | 'run'
  /** Your own copy of the page about problems: `type` and `Link` of a problem lead there. */
  readonly docsUrl?: string
  /** Is told what a handler threw, where no framework reports it. Default: it is printed to standard error. */
  readonly onError?: (error: unknown) => void
}

/** Options after the door. */
export interface ParsedHttpOptions<Native = unknown> {
  readonly caller: HttpOptions<Native>['caller']
  readonly profile: Profile
  readonly methods: ReadonlySet<string>
  readonly requires: (request: HttpRequest<Native>) => boolean
  readonly header: string
  readonly keyFromBody?: readonly string[]
  readonly naturalKey?: NonNullable<HttpOptions<Native>['naturalKey']>
  readonly naturalKeyWindowMs: number
  readonly fingerprint?: HttpOptions<Native>['fingerprint']
  readonly ignore: readonly string[]
  readonly outcome?: NonNullable<HttpOptions<Native>['outcome']>
  readonly replays: (name: string) => boolean
  readonly maxBodyBytes: number
  readonly maxAnswerBytes: number
  readonly timeoutMs: number
  readonly subject?: NonNullable<HttpOptions<Native>['subject']>
  readonly docsUrl: string
  readonly onError: (error: unknown) => void
  /** What every intent of this engine says. */
  readonly intent: {
    readonly onConcurrent: 'wait' | 'reject'
    readonly waitMs: number
    readonly retainMs: number
    readonly safety?: Safety | SafetyKind
    readonly steps?: boolean
    readonly leaseMs?: number
    readonly onStoreOutage?: 'refuse' | 'run'
  }
}

const bytesBounds = { min: 1, max: 64 * 1024 * 1024 }

/** Checks the options of an engine once. Throws `OPTION_INVALID`, naming the value. */
export function parseHttpOptions<Native>(given: HttpOptions<Native>): ParsedHttpOptions<Native> {
  if (typeof given !== 'object' || given === null)
    throw optionInvalid('options', 'an object with caller', given)
  const profile = profiles[oneOf(given.profile ?? 'ietf-07-lenient', profileNames, 'profile')]
  const { keyFromBody, naturalKey, outcome, subject, fingerprint } = given
  return {
    caller: parseCaller(given.caller),
    profile,
    methods: new Set((given.methods ?? ['POST', 'PATCH']).map((method) => method.toUpperCase())),
    requires: parseRequire(given.require ?? profile.required),
    header: label(given.header ?? profile.header, 'header', 100).toLowerCase(),
    ...(keyFromBody === undefined ? {} : { keyFromBody: pointerTokens(keyFromBody, 'keyFromBody') }),
    ...(naturalKey === undefined ? {} : { naturalKey: optionalFunction(naturalKey, 'naturalKey') }),
    naturalKeyWindowMs: milliseconds(given.naturalKeyWindowMs ?? 86_400_000, 'naturalKeyWindowMs', 1),
    ...(fingerprint === undefined ? {} : { fingerprint: parseFingerprint(fingerprint, given.ignore) }),
    ignore: parseIgnore(given.ignore ?? []),
    ...(outcome === undefined ? {} : { outcome: optionalFunction(outcome, 'outcome') }),
    replays: parseReplayHeaders(given.replayHeaders ?? []),
    maxBodyBytes: count(given.maxBodyBytes ?? 1024 * 1024, 'maxBodyBytes', bytesBounds),
    maxAnswerBytes: count(given.maxAnswerBytes ?? 128 * 1024, 'maxAnswerBytes', bytesBounds),
    timeoutMs: milliseconds(given.timeoutMs ?? 60_000, 'timeoutMs', 1),
    ...(subject === undefined ? {} : { subject: optionalFunction(subject, 'subject') }),
    docsUrl: label(given.docsUrl ?? defaultDocsUrl, 'docsUrl', 2000),
    onError: optionalFunction(given.onError, 'onError') ?? printError,
    intent: parseIntentOptions(given, profile),
  }
}

function parseIntentOptions<Native>(
  given: HttpOptions<Native>,
  profile: Profile,
): ParsedHttpOptions<Native>['intent'] {
  const { safety, steps, leaseMs, onStoreOutage } = given
  const waitMs = milliseconds(given.waitMs ?? 0, 'waitMs', 0)
  return {
    onConcurrent: waitMs > 0 ? 'wait' : 'reject',
    waitMs,
    retainMs: milliseconds(given.retainMs ?? profile.retainMs, 'retainMs', profile.minRetainMs),
    ...(safety === undefined ? {} : { safety }),
    ...(steps === undefined ? {} : { steps: boolean(steps, 'steps') }),
    ...(leaseMs === undefined ? {} : { leaseMs: milliseconds(leaseMs, 'leaseMs', 100) }),
    ...(onStoreOutage === undefined
      ? {}
      : { onStoreOutage: oneOf(onStoreOutage, ['refuse', 'run'], 'onStoreOutage') }),
  }
}

/** Without a caller in the scope, one client could read what another was answered. */
function parseCaller<Native>(caller: HttpOptions<Native>['caller']): HttpOptions<Native>['caller'] {
  if (caller === 'anonymous' || typeof caller === 'function') return caller
  throw optionInvalid(
    'caller',
    'a function that names who calls, or "anonymous" where all callers are one',
    caller,
  )
}

function parseRequire<Native>(
  given: NonNullable<HttpOptions<Native>['require']>,
): (request: HttpRequest<Native>) => boolean {
  if (typeof given === 'function') return given
  if (typeof given === 'boolean') return () => given
  if (!Array.isArray(given) || !given.every((item) => typeof item === 'string'))
    throw optionInvalid(
      'require',
      'true, false, a function, or a list such as ["PATCH", "POST /orders"]',
      given,
    )
  const listed = new Set(given)
  return (request) =>
    listed.has(request.method) || (listed.size > 0 && listed.has(`${request.method} ${routeOf(request)}`))
}

/** The template of a request, or its path. */
export function routeOf(request: Pick<HttpRequest, 'template' | 'target'>): string {
  if (request.template !== undefined) return request.template
  const query = request.target.indexOf('?')
  return query === -1 ? request.target : request.target.slice(0, query)
}

function parseFingerprint<T>(fingerprint: T, ignore: readonly string[] | undefined): T {
  const isNamed = fingerprint === 'bytes' || fingerprint === 'json'
  if (!isNamed && typeof fingerprint !== 'function')
    throw optionInvalid('fingerprint', '"bytes", "json" or a function', fingerprint)
  if (fingerprint !== 'json' && ignore !== undefined && ignore.length > 0)
    throw optionInvalid('fingerprint', '"json" where fields are ignored', fingerprint)
  return fingerprint
}

function parseIgnore(pointers: readonly string[]): readonly string[] {
  if (!Array.isArray(pointers)) throw optionInvalid('ignore', 'a list of RFC 6901 pointers', pointers)
  for (const pointer of pointers) pointerTokens(pointer, 'ignore')
  return pointers
}

function pointerTokens(pointer: string, name: string): readonly string[] {
  if (typeof pointer !== 'string' || !pointer.startsWith('/'))
    throw optionInvalid(name, 'an RFC 6901 pointer such as "/requestId"', pointer)
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** What describes the body or where its thing is. Cookies, dates and what belongs to one connection is not replayed. */
const replayedHeaders: readonly string[] = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'etag',
  'last-modified',
  'link',
  'location',
  'retry-after',
]
/** Of one connection or one message. */
const neverReplayed: readonly string[] = [
  'connection',
  'content-length',
  'date',
  'idempotency-replayed',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

function parseReplayHeaders(more: readonly string[]): (name: string) => boolean {
  if (!Array.isArray(more)) throw optionInvalid('replayHeaders', 'a list of header names', more)
  const names = new Set(replayedHeaders)
  for (const name of more) {
    const lower = label(name, 'replayHeaders', 100).toLowerCase()
    if (neverReplayed.includes(lower))
      throw optionInvalid('replayHeaders', 'no header that belongs to one message or connection', name)
    names.add(lower)
  }
  return (name) => names.has(name)
}

function printError(error: unknown): void {
  console.error(error)
}
