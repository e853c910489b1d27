import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  DefiniteFailure,
  type ErrorCode,
  isOncewardError,
  OncewardError,
  optionInvalid,
} from '../kernel/errors.ts'
import { canonicalJson, findJsonFlaw, type Json } from '../kernel/json.ts'
import type { Intent } from '../ledger/intent.ts'
import type { Attempt, Onceward } from '../ledger/onceward.ts'
import type { Receipt } from '../ledger/receipt.ts'
import type { Safety } from '../ledger/safety.ts'
import { writeBody } from './body.ts'
import { type Answered, LogicalCall } from './call.ts'
import type { ClientCore } from './core.ts'
import type { SettledCall } from './decisions.ts'
import { OutboundError } from './errors.ts'
import { type ClientRequest, ClientResponse } from './message.ts'
import {
  asObject,
  type GivenSafety,
  givenKey,
  honours,
  isSafeMethod,
  type PreparedCall,
  prepare,
} from './prepare.ts'
import type { TargetCall } from './target.ts'

/** An answer as the ledger keeps it. */
interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
  readonly encoding: 'utf8' | 'base64'
}

/** A call as an effect of the ledger. */
interface GuardedCall {
  readonly once: Onceward
  readonly core: ClientCore
  readonly request: ClientRequest
  readonly call: TargetCall
  readonly given: string | undefined
  isSending?: boolean
  /** How this process's own send ended, if it made one. */
  own?: { readonly answered: Answered } | { readonly error: unknown }
}

/**
 * Makes the call an effect of the ledger: its answer is replayed after a crash, in another process too. Throws what the
 * ledger throws (`KEY_REUSED` and its kin), and `OutboundError`.
 */
export async function guardedRequest(
  core: ClientCore,
  once: Onceward,
  { request, call }: { readonly request: ClientRequest; readonly call: TargetCall },
): Promise<ClientResponse> {
  const given = givenKey(core.options.target, request, call)
  const guarded: GuardedCall = { once, core, request, call, given }
  const intent = intentOf(guarded)
  const receipt = once.execute<KeptAnswer>(intent, (attempt) => perform(guarded, attempt, intent))
  return responseOf(guarded, await (request.signal === undefined ? receipt : patient(guarded, receipt)))
}

/** Waits for the ledger no longer than the caller does. Once this call sends, what is known of that decides. */
function patient(guarded: GuardedCall, receipt: Promise<Receipt<KeptAnswer>>): Promise<Receipt<KeptAnswer>> {
  const { signal } = guarded.request
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      if (guarded.isSending === true) return
      const message = 'Nothing was sent: the call was given up while it waited for the ledger.'
      reject(
        new OutboundError('NOT_SENT', message, { outcome: 'not-sent', attempts: 0, cause: signal?.reason }),
      )
    }
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
    const done = (): void => signal?.removeEventListener('abort', onAbort)
    receipt.then(resolve, reject).then(done, done)
  })
}

/** What the call is for: as the caller says, or the work that the given key names. */
function intentOf(guarded: GuardedCall): Intent {
  const { core, request, call, given } = guarded
  const named = request.intent ?? namedByKey(core, call, given)
  return {
    ...named,
    input: named.input === undefined ? inputOf(core, call) : named.input,
    safety: safetyOf(guarded, named.safety),
  }
}

function namedByKey(core: ClientCore, call: TargetCall, given: string | undefined): Intent {
  if (given === undefined)
    throw optionInvalid(
      'request.intent',
      'an intent, or idempotencyKey a key, where the client has a ledger',
      undefined,
    )
  const host = new URL(core.options.origin).host
  return { operation: `${call.method} ${host}`.slice(0, 100), key: given }
}

/** The same key with another request is refused; the body counts by its digest, so that none of it is kept. */
function inputOf(core: ClientCore, call: TargetCall): Json {
  const { method, path, body } = call
  if (body instanceof Readable || body instanceof ReadableStream)
    throw optionInvalid('request.body', 'no stream, where the call is an effect of the ledger', body)
  const isMeaning = typeof body === 'object' && body !== null && findJsonFlaw(body) === undefined
  const written = isMeaning ? canonicalJson(body as Json) : writeBody(body).body
  const digest = written === null ? '' : hash('sha256', written as string | Uint8Array, 'hex')
  return { method, path: core.options.basePath + path, bodySha256: digest }
}

/** What the target guarantees of this call: what the caller says, else what the profile does. */
function safetyOf({ core, request, call }: GuardedCall, given: Intent['safety']): Safety {
  const { options } = core
  const isKeyed = isSafeMethod(call.method) || honours(options.target, call)
  const byProfile: GivenSafety = isKeyed ? { kind: 'keyed' } : { kind: 'blind' }
  const safety = asObject(given) ?? byProfile
  if (safety.kind !== 'keyed') return safety as Safety
  // The ledger would send it again, and no key would be with it.
  if (!isKeyed)
    throw optionInvalid('intent.safety', `another: ${options.target.name} takes no key for this call`, given)
  const keyLifetimeMs = safety.keyLifetimeMs ?? options.target.keyLifetimeMs
  if (keyLifetimeMs === undefined) return safety
  const deadlineMs = request.deadlineMs ?? options.deadlineMs
  // All attempts of one claim must be over before the target forgets.
  return {
    kind: 'keyed',
    keyLifetimeMs,
    requestTimeoutMs: safety.requestTimeoutMs ?? Math.min(deadlineMs, keyLifetimeMs / 2),
  }
}

/** No longer than the ledger takes one request to live. */
function deadlineOf({ core, request }: GuardedCall, { safety }: Intent): number {
  const deadlineMs = request.deadlineMs ?? core.options.deadlineMs
  const keyed = asObject(safety)
  const lifeMs = keyed?.kind === 'keyed' ? keyed.requestTimeoutMs : undefined
  return lifeMs === undefined ? deadlineMs : Math.max(1, Math.floor(Math.min(deadlineMs, lifeMs)))
}

/** Sends, and says which request it was. What it throws goes to the ledger. */
async function sendOnce(
  guarded: GuardedCall,
  attempt: Attempt,
  intent: Intent,
): Promise<{ readonly prepared: PreparedCall; readonly answered: Answered }> {
  const { core, request, call, given } = guarded
  const signals = request.signal === undefined ? [attempt.signal] : [attempt.signal, request.signal]
  const key = given ?? attempt.effectKey
  const { safety } = intent
  guarded.isSending = true
  try {
    const deadlineMs = deadlineOf(guarded, intent)
    const prepared = prepare(core.options, call, { key, safety, deadlineMs, signals })
    const answered = await new LogicalCall(core, prepared).start()
    guarded.own = { answered }
    return { prepared, answered }
  } catch (error) {
    guarded.own = { error }
    throw definite(core, error)
  }
}

async function perform(guarded: GuardedCall, attempt: Attempt, intent: Intent): Promise<KeptAnswer> {
  const { prepared, answered } = await sendOnce(guarded, attempt, intent)
  const { response, meaning, hasUnknown } = answered
  const isRepeated = attempt.number > 1 || response.attempts > 1
  const { status } = response
  const { isKeyed } = prepared
  const end: SettledCall = { kind: 'answered', status, meaning, hasUnknown, isKeyed, isRepeated }
  const settlement = guarded.core.rules.settlementOf(end)
  if (settlement === 'succeeded') return keptOf(response)
  const message = `${prepared.name} was answered ${status}`
  if (settlement === 'unknown') throw unknownAnswer(message, answered)
  const retryable = settlement === 'released'
  const value = keptOf(response)
  throw new DefiniteFailure(message, { code: `HTTP_${status}`, value, ...(retryable ? { retryable } : {}) })
}

function unknownAnswer(message: string, { response }: Answered): OutboundError {
  const { attempts, status } = response
  return new OutboundError('SEND_UNKNOWN', `${message}, which does not say how it ended.`, {
    outcome: 'unknown',
    attempts,
    details: { status },
  })
}

/** Rule 1 of the ledger: what was certainly not done is said so, and may be tried again. */
function definite({ rules }: ClientCore, error: unknown): unknown {
  if (!(error instanceof OutboundError)) return isOncewardError(error) ? notBegun(error) : error
  const settlement = rules.settlementOf({ kind: 'failed', outcome: error.outcome })
  return settlement === 'unknown' ? error : notBegun(error)
}

function notBegun(error: Error & { readonly code: string }): DefiniteFailure {
  return new DefiniteFailure(error.message, { code: error.code, retryable: true, cause: error })
}

/** Cookies are for one client and one time; they are not kept. */
function keptOf({ status, headers, body }: ClientResponse): KeptAnswer {
  const { 'set-cookie': _, ...kept } = headers
  const encoding = isUtf8(body) ? 'utf8' : 'base64'
  return { status, headers: kept, body: body.toString(encoding), encoding }
}

function revived({ status, headers, body, encoding }: KeptAnswer): ClientResponse {
  return new ClientResponse({ status, headers, body: Buffer.from(body, encoding) }, 0, true)
}

function responseOf(guarded: GuardedCall, receipt: Receipt<KeptAnswer>): ClientResponse {
  const { own } = guarded
  const { state, value } = receipt
  if (state === 'succeeded' || state === 'failed' || (state === 'released' && !receipt.replayed)) {
    if (own !== undefined && 'answered' in own) return own.answered.response
    if (value !== undefined && state !== 'released') return revived(value)
  }
  throw errorOf(guarded, receipt)
}

/** Codes of entries that have ended, and have no answer to give. They are the ledger's, and no outcome of a send. */
const ended: readonly string[] = ['RESULT_TOO_LARGE', 'RESULT_INVALID', 'KEY_EXPIRED', 'EFFECT_FAILED']

function errorOf({ own }: GuardedCall, receipt: Receipt): Error {
  const error = own !== undefined && 'error' in own ? own.error : undefined
  const sent = error instanceof OutboundError ? error : undefined
  if (sent === undefined && isOncewardError(error)) return error
  // Nothing happened, in this attempt or an earlier one: the ledger has nothing to add.
  if (sent !== undefined && receipt.state === 'released') return sent
  const said = (receipt.error?.code ?? 'OUTCOME_UNKNOWN') as ErrorCode
  // Rule 2 of the ledger: what this attempt knows does not end an earlier one whose end is unknown.
  const { ref } = receipt
  const message = receipt.error?.message ?? `The work ended as ${receipt.state}.`
  if (sent === undefined && ended.includes(said))
    return new OncewardError(said, message, { details: { ref } })
  return new OutboundError(sent?.code === 'RETRY_LATER' ? sent.code : said, message, {
    outcome: 'unknown',
    attempts: sent?.attempts ?? 0,
    at: sent?.at,
    details: { ...sent?.details, outcome: 'unknown', ref },
    cause: error,
  })
}
