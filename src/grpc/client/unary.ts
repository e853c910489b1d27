import { hash } from 'node:crypto'
import {
  DefiniteFailure,
  type ErrorCode,
  isOncewardError,
  messageOf,
  OncewardError,
} from '../../kernel/errors.ts'
import { type StoredAnswer, packAnswer, unpackAnswer } from '../../http/answer.ts'
import type { Key } from '../../ledger/intent.ts'
import { lintKey } from '../../ledger/key-lint.ts'
import type { Receipt } from '../../ledger/receipt.ts'
import { fromHttp, type GrpcAnswer, toHttp } from '../message.ts'
import { operationOfPath } from '../operation.ts'
import { grpcStatus, metadataNames, statusName } from '../status.ts'
import type { AttemptEnd, GrpcOutcome } from './decisions.ts'
import type { GrpcClientCall } from './options.ts'
import { type ClientCore, type Tried, tryCall, type UnaryCall } from './tries.ts'

/** A unary call with what the ledger needs of it. */
export interface LedgerCall<End extends AttemptEnd> extends UnaryCall<End> {
  /** As the functions of the options see it. */
  readonly seen: GrpcClientCall
  /** The request as it is sent. */
  bytes(): Uint8Array
  /** The answer as it is kept. */
  answerOf(end: End): GrpcAnswer
}

/** What the application is told: what a try came to, or what the ledger says. */
export type Told<End extends AttemptEnd> =
  | { readonly kind: 'tried'; readonly tried: Tried<End> }
  | {
      readonly kind: 'ledger'
      readonly answer: GrpcAnswer
      readonly outcome: GrpcOutcome
      readonly isReplay: boolean
    }

/** Makes a unary call: once, where it has a key and a ledger. Never rejects. */
export async function callUnary<End extends AttemptEnd>(
  core: ClientCore,
  call: LedgerCall<End>,
): Promise<Told<End>> {
  try {
    const { once, header, keyLifetimeMs, safety } = core.options
    const given = call.seen.metadata(header)
    const key: Key | undefined = given ?? core.options.key?.(call.seen)
    if (key !== undefined && once !== undefined) return await callOnce(core, call, { key, given })
    const sent = key === undefined ? undefined : (given ?? sentKey(core, call.path, key))
    const isKeyed = sent !== undefined && safety.kind === 'keyed'
    return { kind: 'tried', tried: await tryCall(core, call, { key: sent, isKeyed, keyLifetimeMs }) }
  } catch (error) {
    return errorTold(error)
  }
}

function sentKey(core: ClientCore, path: string, key: Key): string {
  const lint = lintKey(key, core.runtime.wallMs())
  if (lint.kind === 'unstable') throw new OncewardError('KEY_UNSTABLE', lint.message)
  return core.rules.keySent(operationOfPath(path), key)
}

async function callOnce<End extends AttemptEnd>(
  core: ClientCore,
  call: LedgerCall<End>,
  { key, given }: { readonly key: Key; readonly given: string | undefined },
): Promise<Told<End>> {
  const { once, safety, subject: subjectOf } = core.options
  let tried: Tried<End> | undefined
  const subject = subjectOf?.(call.seen)
  const remainingMs = call.remainingMs()
  const receipt = await once?.execute<StoredAnswer>(
    {
      operation: operationOfPath(call.path),
      key,
      input: hash('sha256', call.bytes(), 'base64url'),
      safety,
      ...(subject === undefined ? {} : { subject }),
      // The deadline itself is watched by whoever called.
      ...(remainingMs === Number.POSITIVE_INFINITY
        ? {}
        : { waitMs: Math.max(0, Math.ceil(remainingMs)) + 1000 }),
    },
    async (attempt) => {
      if (call.signal.aborted || call.remainingMs() <= 0)
        throw new DefiniteFailure('the caller left before it was sent', { code: 'NOT_SENT', retryable: true })
      tried = await tryCall(core, call, {
        key: given ?? attempt.effectKey,
        isKeyed: safety.kind === 'keyed',
        // All tries of one claim are what the ledger takes for one request.
        keyLifetimeMs: safety.kind === 'keyed' ? safety.requestTimeoutMs : 0,
        signal: attempt.signal,
      })
      return settle(core, call, tried)
    },
  )
  if (tried !== undefined && !isUnrecorded(receipt)) return { kind: 'tried', tried }
  return receiptTold(receipt as Receipt<StoredAnswer>)
}

/** The owner's outcome is not in the ledger; somebody else's may be. */
function isUnrecorded(receipt: Receipt | undefined): boolean {
  return receipt?.error?.code === 'LEASE_LOST' || receipt?.error?.code === 'IN_DOUBT'
}

function settle<End extends AttemptEnd>(
  core: ClientCore,
  call: LedgerCall<End>,
  tried: Tried<End>,
): StoredAnswer {
  const { end, outcome } = tried
  const settlement = core.rules.settlementOf(outcome, end.code)
  const kept = (): StoredAnswer => packAnswer(toHttp(call.answerOf(end)), () => true)
  const name = statusName(end.code)
  switch (settlement) {
    case 'succeeded':
      return kept()
    case 'failed':
      throw new DefiniteFailure(`the server answered ${name}`, { code: name, value: kept() })
    case 'released':
      throw new DefiniteFailure(
        outcome === 'not-sent' ? 'the call was not sent' : `the server answered ${name} before looking at it`,
        { code: outcome === 'not-sent' ? 'NOT_SENT' : name, retryable: true },
      )
    default:
      throw new Error(`the call ended with ${name}, which does not say whether it was carried out`)
  }
}

/** What an entry says that this call did not make. */
function receiptTold<End extends AttemptEnd>(receipt: Receipt<StoredAnswer>): Told<End> {
  const { state, value, error, ref } = receipt
  const kept = value === undefined || value === null ? undefined : unpackAnswer(value)
  if (kept !== undefined && (state === 'succeeded' || state === 'failed')) {
    const answer = fromHttp(kept)
    return { kind: 'ledger', answer, outcome: state === 'succeeded' ? 'done' : 'refused', isReplay: true }
  }
  if (state === 'succeeded' && error === undefined) {
    const message = 'It was carried out; nobody kept the answer.'
    return errorTold(new OncewardError('RESULT_TOO_LARGE', message, { details: { ref } }))
  }
  return errorTold(
    new OncewardError((error?.code as ErrorCode) ?? 'OUTCOME_UNKNOWN', error?.message ?? state, {
      details: { ref },
    }),
  )
}

/** What the ledger's errors are to the caller of a gRPC method; a mistake of the program's own is INTERNAL. */
const meanings: Partial<Record<ErrorCode, readonly [code: number, outcome: GrpcOutcome]>> = {
  KEY_INVALID: [grpcStatus.INVALID_ARGUMENT, 'not-sent'],
  KEY_UNSTABLE: [grpcStatus.INVALID_ARGUMENT, 'not-sent'],
  KEY_REUSED: [grpcStatus.FAILED_PRECONDITION, 'refused'],
  KEY_TWIN: [grpcStatus.FAILED_PRECONDITION, 'refused'],
  KEY_EXPIRED: [grpcStatus.ALREADY_EXISTS, 'done'],
  RESULT_TOO_LARGE: [grpcStatus.ALREADY_EXISTS, 'done'],
  RESULT_INVALID: [grpcStatus.ALREADY_EXISTS, 'done'],
  IN_PROGRESS: [grpcStatus.ABORTED, 'unknown'],
  RECALL_PENDING: [grpcStatus.UNAVAILABLE, 'unknown'],
  IN_DOUBT: [grpcStatus.FAILED_PRECONDITION, 'unknown'],
  LEASE_LOST: [grpcStatus.FAILED_PRECONDITION, 'unknown'],
  OUTCOME_UNKNOWN: [grpcStatus.UNKNOWN, 'unknown'],
  STORE_UNAVAILABLE: [grpcStatus.UNAVAILABLE, 'not-sent'],
  STORE_REJECTED: [grpcStatus.UNAVAILABLE, 'not-sent'],
  STORE_INCOMPATIBLE: [grpcStatus.UNAVAILABLE, 'not-sent'],
  CLOSED: [grpcStatus.UNAVAILABLE, 'not-sent'],
}

function errorTold<End extends AttemptEnd>(error: unknown): Told<End> {
  const own = isOncewardError(error) ? error : undefined
  const [code, outcome] = (own && meanings[own.code]) ?? [grpcStatus.INTERNAL, 'not-sent' as const]
  const trailer = [
    ...(own === undefined ? [] : [['onceward-code', own.code] as const]),
    ...(own?.details.ref === undefined ? [] : [[metadataNames.ref, own.details.ref] as const]),
  ]
  const answer = { code, details: messageOf(error), header: [], trailer }
  return { kind: 'ledger', answer, outcome, isReplay: false }
}
