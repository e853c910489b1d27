import { contentDigest } from '../integrity/content-digest.ts'
import type { Integrity } from '../integrity/integrity.ts'
import { count, members } from '../kernel/check.ts'
import { isOncewardError, optionInvalid } from '../kernel/errors.ts'
import { mapEnvelopes } from './integrity-envelopes.ts'
import { type RefusedSide, refusalText, statusCodes, statusOf } from './integrity-refusal.ts'

export interface CheckedConnectOptions {
  /** A message is held in memory until it has been checked. Default 4,194,304 bytes, gRPC's own; a frame is 46 of them. */
  readonly maxMessageBytes?: number
}

/** Connect's `UniversalClientFn`: what `createNodeHttpClient` gives, and the option `httpClient` of `createTransport`. */
type ClientFn<Request extends ClientRequest, Response extends ClientResponse> = (
  request: Request,
) => Promise<Response>

interface ClientRequest {
  readonly url: string
  readonly header: Headers
  readonly body?: AsyncIterable<Uint8Array>
}

interface ClientResponse {
  readonly status: number
  readonly header: Headers
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * Puts integrity below a client of connect-es: `createTransport({ httpClient: checkedHttpClient(createNodeHttpClient(…),
 * integrity), … })` of `@connectrpc/connect/protocol-grpc` and its neighbours. Connect's own interceptors see decoded
 * messages. Messages of gRPC, gRPC-web and Connect streams are framed; a unary call of the Connect protocol is plain HTTP
 * and carries `Content-Digest`. Compression is not asked for. Throws `OPTION_INVALID`.
 */
export function checkedHttpClient<Request extends ClientRequest, Response extends ClientResponse>(
  httpClient: ClientFn<Request, Response>,
  integrity: Integrity,
  options: CheckedConnectOptions = {},
): ClientFn<Request, Response> {
  const way = wayOf(integrity, options)
  return async (request) => {
    const method = new URL(request.url).pathname
    const header = withoutCompression(request.header)
    const form = formOf(header)
    const body =
      request.body === undefined ? undefined : await stating(way, form, { header, body: request.body })
    const response = await httpClient({ ...request, header, ...(body === undefined ? {} : { body }) })
    const reply = `${method} (reply)`
    return {
      ...response,
      body: checking(way, formOf(response.header), {
        method: reply,
        side: 'reply',
        header: response.header,
        body: response.body,
        // What is no answer of the service, a gateway's page for one, is an error to the client anyway.
        isExempt: response.status !== 200,
      }),
    }
  }
}

interface ServerRequest {
  readonly url: string
  readonly header: Headers
  readonly body: unknown
}

interface ServerResponse {
  readonly status: number
  readonly header?: Headers
  readonly body?: AsyncIterable<Uint8Array>
}

interface RouterLike {
  readonly handlers: unknown
}

/**
 * Puts integrity below a server of connect-es: `connectNodeAdapter({ routes: checkedRoutes(routes, integrity) })`, and
 * likewise for its adapters to Fastify, Express and Next.js. Throws `OPTION_INVALID`.
 */
export function checkedRoutes<Router extends RouterLike>(
  routes: (router: Router) => unknown,
  integrity: Integrity,
  options: CheckedConnectOptions = {},
): (router: Router) => void {
  const way = wayOf(integrity, options)
  return (router) => {
    routes(router)
    if (!Array.isArray(router.handlers)) throw optionInvalid('router.handlers', 'a list', router.handlers)
    const handlers = router.handlers as Handler[]
    for (const [index, handler] of handlers.entries()) handlers[index] = checkedHandler(way, handler)
  }
}

type Handler = (request: ServerRequest) => Promise<ServerResponse>

function checkedHandler(way: Way, handler: Handler): Handler {
  const checked: Handler = async (request) => {
    const method = new URL(request.url).pathname
    const header = withoutCompression(request.header)
    const form = formOf(header)
    const { body: given } = request
    const body = isIterable(given)
      ? checking(way, form, {
          method,
          side: 'request',
          header,
          body: given,
          isExempt: request.header.get('content-type') === null,
        })
      : given
    const response = await handler({ ...request, header, body })
    if (response.body === undefined) return response
    const answerHeader = new Headers(response.header)
    const answerBody = await stating(way, formOf(answerHeader), { header: answerHeader, body: response.body })
    return { ...response, header: answerHeader, body: answerBody }
  }
  // Connect keeps what it knows of a handler in its properties.
  return Object.assign(checked, handler)
}

interface Way {
  readonly integrity: Integrity
  readonly maxMessageBytes: number
}

function wayOf(integrity: Integrity, options: CheckedConnectOptions): Way {
  const { maxMessageBytes = 4 * 1024 * 1024 } = members(options, 'options')
  return {
    integrity,
    maxMessageBytes: count(maxMessageBytes, 'maxMessageBytes', { min: 1, max: 2 ** 32 - 1 }),
  }
}

/** How a body is made up: messages behind prefixes, of protobuf or of JSON; or one message alone. */
type Form = 'framed' | 'json-stream' | 'alone'

function formOf(header: Headers): Form {
  const type = header.get('content-type') ?? ''
  if (!/^application\/(grpc|connect\+)/.test(type)) return 'alone'
  // A frame is a protobuf field, which JSON has no place for.
  return type.includes('json') ? 'json-stream' : 'framed'
}

/** Of a compressed message neither side here sees the bytes that are digested. */
function withoutCompression(header: Headers): Headers {
  const without = new Headers(header)
  for (const name of ['grpc-accept-encoding', 'connect-accept-encoding', 'accept-encoding'])
    without.delete(name)
  return without
}

interface Sent {
  readonly header: Headers
  readonly body: AsyncIterable<Uint8Array>
}

async function stating(way: Way, form: Form, { header, body }: Sent): Promise<AsyncIterable<Uint8Array>> {
  if (form === 'json-stream') return body
  if (form === 'alone') {
    const bytes = await wholeOf(body)
    header.set('content-digest', contentDigest(bytes))
    return once(bytes)
  }
  return mapEnvelopes(body, {
    maxMessageBytes: 2 ** 32 - 1,
    tooLarge: (bytes) => failure(statusCodes.resourceExhausted, `A message of ${bytes} bytes.`),
    message: (message, isCompressed) => {
      if (isCompressed) throw optionInvalid('sendCompression', 'off, where messages state their digest', 'on')
      return way.integrity.frame(message)
    },
  })
}

interface Got extends Sent {
  readonly method: string
  readonly side: RefusedSide
  /** Nothing is required of this body, but what it states is held to. */
  readonly isExempt: boolean
}

async function* checking(way: Way, form: Form, got: Got): AsyncGenerator<Uint8Array, void, undefined> {
  const { integrity, maxMessageBytes } = way
  const tooLarge = (bytes: number): Error =>
    failure(statusCodes.resourceExhausted, `A message of ${bytes} bytes is larger than ${maxMessageBytes}.`)
  if (form === 'alone') {
    const bytes = await wholeOf(got.body, maxMessageBytes, tooLarge)
    if (!got.isExempt || got.header.has('content-digest'))
      refusing(got.side, () =>
        integrity.checkHeaders((name) => got.header.get(name) ?? undefined, bytes, got.method),
      )
    yield bytes
    return
  }
  yield* mapEnvelopes(got.body, {
    maxMessageBytes,
    tooLarge,
    message: (message, isCompressed) =>
      refusing(got.side, () => {
        if (form === 'framed' && !isCompressed) return integrity.unframe(message, got.method)
        integrity.check({ method: got.method, bytes: message, stated: { kind: 'none' } })
        return message
      }),
  })
}

function refusing<T>(side: RefusedSide, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!isOncewardError(error)) throw error
    throw failure(statusOf(error.code), refusalText(side, error), error)
  }
}

/** An error in the form of a `ConnectError`, which connect-es recognises by its members. */
function failure(code: number, message: string, cause?: unknown): Error {
  const error = new Error(message, { cause })
  return Object.assign(error, {
    name: 'ConnectError',
    code,
    rawMessage: message,
    metadata: new Headers(),
    details: [],
    cause,
  })
}

async function wholeOf(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number = Number.POSITIVE_INFINITY,
  tooLarge?: (bytes: number) => Error,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.byteLength
    if (bytes > maxBytes && tooLarge !== undefined) throw tooLarge(bytes)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

// An async iterable is what connect-es takes for a body.
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(bytes)
}

function isIterable(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}
