import type { AttemptEnd, GrpcClientRules } from '../client/decisions.ts'
import { type GrpcClientOptions, parseGrpcClientOptions } from '../client/options.ts'
import { type ClientCore, clientCore } from '../client/tries.ts'
import { callUnary, type LedgerCall, type Told } from '../client/unary.ts'
import { detailsName, type GrpcAnswer } from '../message.ts'
import { asReplay } from '../server/engine.ts'
import { grpcStatus, metadataNames } from '../status.ts'
import { answerOfError, errorOfAnswer, headersOf, isConnectError } from './errors.ts'
import { type ConnectPackages, connectPackages } from './packages.ts'
import { mayHaveArrived, remainingMsOf } from './sockets.ts'
import type {
  ConnectErrorLike,
  ConnectInterceptor,
  ConnectNext,
  ConnectRequest,
  ConnectResponse,
  ConnectUnaryRequest,
  ConnectUnaryResponse,
} from './types.ts'
import { pathOf } from './types.ts'

/**
 * An interceptor for clients of Connect (`createGrpcTransport({ baseUrl, interceptors: […] })`, `createConnectTransport`
 * and `createGrpcWebTransport` too): unary calls are retried where that cannot duplicate, under one key. Streams pass
 * untouched. Put it first, before others that sign or measure, so that each try goes through them. Throws
 * `OPTION_INVALID`.
 */
export function connectClientInterceptor(options: GrpcClientOptions = {}): ConnectInterceptor {
  return connectClientInterceptorWith(options)
}

/** The same with decisions passed in, for tests. */
export function connectClientInterceptorWith(
  options: GrpcClientOptions,
  rules?: GrpcClientRules,
): ConnectInterceptor {
  const core = clientCore(parseGrpcClientOptions(options), rules)
  return <Request, Response>(next: (request: Request) => Promise<Response>) =>
    (request: Request) =>
      send(core, request as ConnectRequest, next as unknown as ConnectNext) as Promise<Response>
}

interface ConnectEnd extends AttemptEnd {
  readonly response?: ConnectUnaryResponse
  readonly error?: ConnectErrorLike
}

async function send(core: ClientCore, request: ConnectRequest, next: ConnectNext): Promise<ConnectResponse> {
  if (request.stream) return next(request)
  const packages = await connectPackages()
  const told = await untilAborted(request.signal, callUnary(core, callOf(core, { request, next, packages })))
  return resultOf(told, request, packages)
}

/** The caller may leave while the ledger is waited for; sends of the library end by themselves. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      // One turn of the event loop for a send that is aborted by the same signal, and knows more.
      setImmediate(() => {
        const reason: unknown = signal.reason
        if (isConnectError(reason) && !reason.metadata.has(metadataNames.outcome))
          reason.metadata.set(metadataNames.outcome, 'unknown')
        reject(reason)
      })
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    void work.then((value) => {
      signal.removeEventListener('abort', onAbort)
      resolve(value)
    }, reject)
  })
}

interface Sending {
  readonly request: ConnectUnaryRequest
  readonly next: ConnectNext
  readonly packages: ConnectPackages
}

const noSideEffects = 1

function callOf(core: ClientCore, sending: Sending): LedgerCall<ConnectEnd> {
  const { request, packages } = sending
  const { header, method, message, signal } = request
  const path = pathOf(request)
  return {
    path,
    destination: () => new URL(request.url).origin,
    isSafe: method.idempotency === noSideEffects || core.options.safe.has(path),
    remainingMs: remainingMsOf(header, Date.now()),
    signal,
    send: (key, timeoutMs) => sendOnce(core, sending, { key, timeoutMs }),
    seen: { path, message, metadata: (name) => header.get(name) ?? undefined },
    bytes: () => packages.toBinary(method.input, message),
    answerOf: (end) => answerOf(end, sending),
  }
}

async function sendOnce(
  core: ClientCore,
  { request, next, packages }: Sending,
  { key, timeoutMs }: { readonly key: string | undefined; readonly timeoutMs: number },
): Promise<ConnectEnd> {
  const header = new Headers(request.header)
  if (key !== undefined) header.set(core.options.header, key)
  const timeout = Number.isFinite(timeoutMs) ? AbortSignal.timeout(timeoutMs) : undefined
  const signal = timeout === undefined ? request.signal : AbortSignal.any([request.signal, timeout])
  try {
    const response = (await next({ ...request, header, signal })) as ConnectUnaryResponse
    return {
      code: grpcStatus.OK,
      hasMessage: true,
      mayHaveArrived: true,
      isAnswered: true,
      problem: undefined,
      pushback: [],
      response,
    }
  } catch (thrown) {
    if (timeout?.aborted === true && !request.signal.aborted)
      return endOf(
        new packages.ConnectError(`no answer within ${timeoutMs} ms`, grpcStatus.DEADLINE_EXCEEDED),
      )
    return endOf(
      isConnectError(thrown) ? thrown : new packages.ConnectError(String(thrown), grpcStatus.UNKNOWN),
    )
  }
}

function endOf(error: ConnectErrorLike): ConnectEnd {
  const { code, metadata } = error
  const pushback = metadata.get(metadataNames.pushback)
  return {
    code,
    hasMessage: false,
    mayHaveArrived: mayHaveArrived(error),
    // Errors of a server come with its headers; what the library makes up itself has none.
    isAnswered: !metadata.keys().next().done,
    problem: metadata.get(metadataNames.problem) ?? undefined,
    pushback: pushback === null ? [] : pushback.split(',').map((value) => value.trim()),
    error,
  }
}

function answerOf(end: ConnectEnd, { request, packages }: Sending): GrpcAnswer {
  const { response, error } = end
  if (response === undefined) {
    const answer = answerOfError(error as ConnectErrorLike, packages)
    return { ...answer, trailer: answer.trailer.filter(([name]) => name === detailsName) }
  }
  const message = packages.toBinary(request.method.output, response.message)
  return { code: grpcStatus.OK, details: '', header: [], trailer: [], message }
}

function resultOf(
  told: Told<ConnectEnd>,
  { service, method }: ConnectUnaryRequest,
  packages: ConnectPackages,
): ConnectResponse {
  if (told.kind === 'tried') {
    const { end, outcome, attempts } = told.tried
    if (end.response !== undefined) return end.response
    const error = end.error as ConnectErrorLike
    error.metadata.set(metadataNames.outcome, outcome)
    error.metadata.set(metadataNames.attempts, String(attempts))
    throw error
  }
  const answer = told.isReplay ? asReplay(told.answer) : told.answer
  if (answer.code !== grpcStatus.OK) {
    const error = errorOfAnswer(answer, packages)
    error.metadata.set(metadataNames.outcome, told.outcome)
    throw error
  }
  const message = packages.fromBinary(method.output, answer.message ?? new Uint8Array())
  const [header, trailer] = [headersOf(answer.header), headersOf(answer.trailer)]
  return { stream: false, service, method, header, trailer, message }
}
