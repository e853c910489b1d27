import type { Answer, Captured, HttpAttempt, Reply } from '../../http/index.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import { fromHttp, type GrpcAnswer, isGuardsWord, toHttp } from '../message.ts'
import { inAttempt } from '../server/attempt.ts'
import type { GrpcServerRules } from '../server/decisions.ts'
import { asReplay, createGrpcEngine, type GrpcEngine } from '../server/engine.ts'
import type { GrpcServerOptions } from '../server/options.ts'
import { grpcStatus } from '../status.ts'
import { answerOfError, errorOfAnswer, headersOf, isConnectError, pairsOf } from './errors.ts'
import { type ConnectPackages, connectPackages } from './packages.ts'
import { protocolHeaders } from './protocol-headers.ts'
import { type ReadRequest, readRequest, responseOf, TooLarge } from './requests.ts'
import type { ConnectInterceptor, ConnectNext, ConnectRequest, ConnectResponse } from './types.ts'
import { pathOf } from './types.ts'

export interface ConnectServerOptions extends GrpcServerOptions {
  /** Names of what the server has for `acceptCompression`. Default `['gzip', 'br']`, as `connectNodeAdapter`. */
  readonly acceptCompression?: readonly string[]
}

/**
 * An interceptor for servers of Connect (`connectNodeAdapter({ routes, interceptors: […] })`): unary calls and client
 * streams with a key run once, others pass; in the protocols of gRPC, gRPC-Web and Connect. Put it last, behind what
 * authenticates. Throws `OPTION_INVALID`.
 */
export function connectServerInterceptor(once: Onceward, options: ConnectServerOptions): ConnectInterceptor {
  return connectServerInterceptorWith(once, options)
}

/** The same with decisions passed in, for tests. */
export function connectServerInterceptorWith(
  once: Onceward,
  options: ConnectServerOptions,
  rules?: GrpcServerRules,
): ConnectInterceptor {
  const engine = createGrpcEngine(once, options, rules)
  const compressions = parseCompressions(options.acceptCompression)
  return <Request, Response>(next: (request: Request) => Promise<Response>) =>
    (request: Request) =>
      serve(
        { engine, compressions },
        request as ConnectRequest,
        next as unknown as ConnectNext,
      ) as Promise<Response>
}

function parseCompressions(names: readonly string[] = ['gzip', 'br']): readonly string[] {
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  throw optionInvalid('acceptCompression', 'a list of names such as ["gzip", "br"]', names)
}

interface Server {
  readonly engine: GrpcEngine
  readonly compressions: readonly string[]
}

async function serve(server: Server, request: ConnectRequest, next: ConnectNext): Promise<ConnectResponse> {
  const { engine } = server
  const { method, header } = request
  const hasKey = header.has(engine.header)
  const isGuardable = method.methodKind === 'unary' || method.methodKind === 'client_streaming'
  if (!hasKey && (!isGuardable || request.requestMethod === 'GET')) return next(request)
  const packages = await connectPackages()
  if (!isGuardable) {
    const detail = 'Methods that answer with a stream are not guarded: call this one without a key.'
    throw errorOfAnswer(engine.refusal('key-malformed', detail), packages)
  }
  const call = {
    path: pathOf(request),
    metadata: (name: string) => header.get(name) ?? undefined,
    native: request,
  }
  const admission = engine.admit(call)
  if (admission.kind === 'pass') return next(request)
  if (admission.kind === 'refuse') throw errorOfAnswer(fromHttp(admission.answer), packages)
  const read = await readWithin(engine, request, packages)
  await engine.rules.afterClose()
  if (request.signal.aborted) throw new packages.ConnectError('The client has left.', grpcStatus.CANCELLED)
  const guarded = new GuardedRequest({ ...server, request, read, next, packages })
  const reply = await engine.http.answer(admission.head, { bytes: read.bytes }, (attempt) =>
    guarded.perform(attempt),
  )
  return guarded.respond(reply)
}

async function readWithin(
  engine: GrpcEngine,
  request: ConnectRequest,
  packages: ConnectPackages,
): Promise<ReadRequest> {
  try {
    return await readRequest(engine, request, packages)
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error
    throw errorOfAnswer(engine.refusal('body-too-large', error.message), packages)
  }
}

interface GuardedRequestOptions extends Server {
  readonly request: ConnectRequest
  readonly read: ReadRequest
  readonly next: ConnectNext
  readonly packages: ConnectPackages
}

/** A request whose handler runs once at most, here or elsewhere. */
class GuardedRequest {
  readonly #given: GuardedRequestOptions
  /** What the handler returned or threw, and the answer that stands for it: sent as it is where that one is sent. */
  #live: { readonly response: ConnectResponse } | { readonly error: unknown } | undefined
  #answer: Answer | undefined

  constructor(given: GuardedRequestOptions) {
    this.#given = given
  }

  async perform(attempt: HttpAttempt): Promise<Captured> {
    const { request, read, next, packages } = this.#given
    const { output } = request.method
    const serialize = (message: unknown): Uint8Array => packages.toBinary(output, message as object)
    try {
      // The client's signal is not passed on: the handler runs on, and its answer is what the retry will get.
      const given = { ...read.again(), signal: attempt.signal }
      const { message, response } = await inAttempt(attempt, serialize, async () =>
        responseOf(await next(given)),
      )
      this.#live = { response }
      return this.#captured({
        code: grpcStatus.OK,
        details: '',
        header: pairsOf(response.header),
        trailer: pairsOf(response.trailer),
        message: serialize(message),
      })
    } catch (error) {
      if (!isConnectError(error)) throw error
      this.#live = { error }
      return this.#captured(answerOfError(error, packages))
    }
  }

  #captured(answer: GrpcAnswer): Captured {
    this.#answer = toHttp(answer, pathOf(this.#given.request))
    return { kind: 'answer', answer: this.#answer }
  }

  /** Gives the response, or throws the error that stands for it. */
  respond(reply: Reply): ConnectResponse {
    const { packages, request, compressions } = this.#given
    if (reply.kind === 'threw') throw reply.error
    if (reply.kind !== 'answer') throw new Error(`A reply of kind ${reply.kind} is not expected.`)
    // Where a transaction has committed an answer, that one is sent, whatever the handler came to.
    if (reply.answer === this.#answer && this.#live !== undefined) {
      if ('error' in this.#live) throw withoutWords(this.#live.error)
      const { response } = this.#live
      for (const headers of [response.header, response.trailer]) withoutWordsIn(headers)
      return response
    }
    const kept = fromHttp(reply.answer)
    const answer = reply.source === 'replay' ? asReplay(kept) : kept
    if (answer.code !== grpcStatus.OK) throw errorOfAnswer(answer, packages)
    const message = packages.fromBinary(request.method.output, answer.message ?? new Uint8Array())
    const { service, method } = request
    const own = protocolHeaders(request, compressions)
    const common = {
      service,
      method,
      header: headersOf([...own.header, ...answer.header]),
      trailer: headersOf([...own.trailer, ...answer.trailer]),
    }
    return request.stream
      ? { ...common, stream: true, message: only(message) }
      : { ...common, stream: false, message }
  }
}

/** See `withoutGuardsWords`. */
function withoutWordsIn(headers: Headers): void {
  for (const name of [...headers.keys()].filter(isGuardsWord)) headers.delete(name)
}

function withoutWords(error: unknown): unknown {
  if (isConnectError(error)) withoutWordsIn(error.metadata)
  return error
}

// oxlint-disable-next-line require-await -- an async iterable of one
async function* only(message: object): AsyncIterable<object> {
  yield message
}
