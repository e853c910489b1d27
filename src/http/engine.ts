import { optionInvalid } from '../kernel/errors.ts'
import type { Onceward } from '../ledger/onceward.ts'
import { systemRuntime } from '../system.ts'
import { type EngineContext, Guarded, Head } from './context.ts'
import { type HttpRules, httpRules, readJson } from './decisions.ts'
import { runGuarded } from './guarded-run.ts'
import type { Answer, HttpBody, HttpRequest, Perform, Reply } from './message.ts'
import { naturalIdentity, partsOf } from './natural.ts'
import { type HttpOptions, parseHttpOptions } from './options.ts'
import { problemAnswer, type ProblemInit, type ProblemType } from './problems.ts'
import type { Profile } from './profiles.ts'

/** What an engine says of a request by its head alone. */
export type Admission<Native = unknown> =
  /** Not guarded: the handler runs as if nothing were in front of it. Its body need not be read. */
  | { readonly kind: 'pass' }
  | { readonly kind: 'refuse'; readonly answer: Answer }
  /** Read the body, at most `maxBodyBytes`, and call `answer`. */
  | { readonly kind: 'guard'; readonly head: Head<Native> }

/** The engine behind every adapter: it knows no framework, no socket and no `Response`. */
export interface HttpEngine<Native = unknown> {
  readonly maxBodyBytes: number
  readonly maxAnswerBytes: number
  /** Decides by the head. Synchronous, and cheap for what is not guarded. */
  admit(request: HttpRequest<Native>): Admission<Native>
  /**
   * Runs the handler through `perform`, once at most, or replays, or refuses. Resolves when what is to be sent has been
   * recorded. Rejects only for misuse: an option of the ledger that is wrong, a function of the options that threw.
   */
  answer(head: Head<Native>, body: HttpBody, perform: Perform): Promise<Reply>
  /** A problem of this engine's, for what an adapter has to refuse itself. */
  readonly problem: (type: ProblemType, init: ProblemInit) => Answer
  /** Is told what a handler threw, by adapters without error handling of their own. */
  readonly onError: (error: unknown) => void
}

/**
 * Makes the engine of an adapter. Throws `OPTION_INVALID`: without a way to name the caller, for one.
 */
export function createEngine<Native = unknown>(
  once: Onceward,
  options: HttpOptions<Native>,
): HttpEngine<Native> {
  return createEngineWith({ once, runtime: systemRuntime, rules: httpRules }, options)
}

/** The same with clock and decisions passed in, for tests; and with refusals of another form than HTTP's, for gRPC. */
export function createEngineWith<Native = unknown>(
  given: Pick<EngineContext<Native>, 'once' | 'runtime' | 'rules'> & Partial<Pick<EngineContext, 'problem'>>,
  raw: HttpOptions<Native>,
): HttpEngine<Native> {
  const options = parseHttpOptions(raw)
  if (typeof given.once !== 'object' || given.once === null || typeof given.once.run !== 'function')
    throw optionInvalid('once', 'an instance made by createOnceward', given.once)
  checkTombstones(given.once, options)
  const context: EngineContext<Native> = {
    problem: (type, init) => problemAnswer(options.docsUrl, type, init),
    ...given,
    options,
  }
  return {
    maxBodyBytes: options.maxBodyBytes,
    maxAnswerBytes: options.maxAnswerBytes,
    admit: (request) => admit(context, request),
    answer: (head, body, perform) => {
      try {
        return Promise.resolve(answerGuarded(context, new Guarded(head, body, perform)))
      } catch (error) {
        return Promise.reject(error)
      }
    },
    problem: context.problem,
    onError: options.onError,
  }
}

/** A profile under which keys run as new after a time rests on an option of the whole instance: said, and checked. */
function checkTombstones(once: Onceward, { profile }: { readonly profile: Profile }): void {
  if (profile.tombstoneMs === undefined) return
  if (once.tombstoneMs === undefined)
    throw optionInvalid(
      'tombstoneMs',
      `set in createOnceward for the profile ${profile.name} (${profile.tombstoneMs}), because keys run as new there`,
      undefined,
    )
  process.emitWarning(
    `The profile ${profile.name} forgets keys: ${once.tombstoneMs} ms past its retention a key of the scope "${once.scope}" runs as new.`,
    { type: 'OncewardWarning', code: 'ONCEWARD_KEYS_EXPIRE' },
  )
}

function admit<Native>(context: EngineContext<Native>, request: HttpRequest<Native>): Admission<Native> {
  const { options, rules } = context
  if (!options.methods.has(request.method)) return { kind: 'pass' }
  const value = request.header(options.header)
  if (value === undefined) {
    if (options.keyFromBody !== undefined || options.naturalKey !== undefined)
      return { kind: 'guard', head: new Head(request) }
    return options.requires(request) ? { kind: 'refuse', answer: keyMissing(context) } : { kind: 'pass' }
  }
  const reading = rules.readKey(value, options.profile.syntax)
  if (reading.kind === 'malformed') return { kind: 'refuse', answer: keyMalformed(context, reading.why) }
  const stale = checkFirstSent(context, request)
  if (stale !== undefined) return { kind: 'refuse', answer: stale }
  return { kind: 'guard', head: new Head(request, reading.key) }
}

function keyMissing<Native>({ options, problem }: EngineContext<Native>): Answer {
  const also =
    options.keyFromBody === undefined ? '' : `, or a key at /${options.keyFromBody.join('/')} of the body`
  return problem('key-missing', { detail: `This request needs the header ${options.header}${also}.` })
}

function keyMalformed<Native>({ options, problem }: EngineContext<Native>, why: string): Answer {
  return problem('key-malformed', { detail: `The header ${options.header} cannot be read: ${why}.` })
}

/** OASIS Repeatable Requests: a request that was first sent before what is remembered is refused. */
function checkFirstSent<Native>(
  context: EngineContext<Native>,
  request: HttpRequest<Native>,
): Answer | undefined {
  const { options, rules, problem, runtime } = context
  const { firstSentHeader } = options.profile
  if (firstSentHeader === undefined) return undefined
  const firstSentMs = Date.parse(request.header(firstSentHeader) ?? '')
  if (Number.isNaN(firstSentMs))
    return problem('key-malformed', { detail: `The header ${firstSentHeader} must hold an HTTP date.` })
  const { retainMs } = options.intent
  if (!rules.isOutsideWindow(firstSentMs, runtime.wallMs(), retainMs)) return undefined
  return problem('key-expired', {
    detail: `It was first sent longer ago than answers are kept (${retainMs} ms).`,
  })
}

/** Not async by itself: a promise that is handed on through another one costs each request three turns. */
function answerGuarded<Native>(
  context: EngineContext<Native>,
  guarded: Guarded<Native>,
): Reply | Promise<Reply> {
  const { options, rules } = context
  const { head, body } = guarded
  const { request } = head
  const caller = options.caller === 'anonymous' ? 'anonymous' : options.caller(request.native)
  if (typeof caller !== 'string' || caller === '')
    return refusal(
      context.problem('caller-unknown', { detail: 'Nobody is named as the caller of this request.' }),
    )
  const read = head.key === undefined ? keyInBody(context, body) : undefined
  if (read?.kind === 'malformed') return refusal(keyMalformed(context, read.why))
  const key = head.key ?? read?.key
  const operation = rules.operationOf(request)
  if (key === undefined) {
    const parts = partsOf(context, guarded)
    if (parts !== undefined) return answerNatural(context, guarded, { operation, caller, parts })
    return options.requires(request) ? refusal(keyMissing(context)) : { kind: 'pass' }
  }
  const subject = options.subject?.(request.native, readJson(body)?.value)
  return runGuarded(context, guarded, {
    operation,
    key: rules.keyOf(caller, 'key', [key]),
    shownKey: key,
    ...(subject === undefined ? {} : { subject }),
  })
}

async function answerNatural<Native>(
  context: EngineContext<Native>,
  guarded: Guarded<Native>,
  named: Parameters<typeof naturalIdentity>[1],
): Promise<Reply> {
  const natural = await naturalIdentity(context, named)
  if ('problem' in natural) return refusal(natural.problem)
  return runGuarded(context, guarded, { operation: named.operation, shownKey: natural.parts, ...natural })
}

function refusal(answer: Answer): Reply {
  return { kind: 'answer', source: 'problem', answer }
}

/** The key at the place of the body that the options name: text, or a whole number. */
function keyInBody<Native>(
  { options, rules }: EngineContext<Native>,
  body: HttpBody,
): ReturnType<HttpRules['readKey']> | undefined {
  if (options.keyFromBody === undefined) return undefined
  let value: unknown = readJson(body)?.value
  for (const token of options.keyFromBody) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined
    value = (value as Record<string, unknown>)[token]
  }
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return rules.readKey(value, 'bare')
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { kind: 'key', key: String(value) }
  return { kind: 'malformed', why: 'in the body it must be text or a whole number' }
}
