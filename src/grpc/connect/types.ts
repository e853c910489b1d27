/*
 * What is used of @connectrpc/connect, described by its shape. The packages themselves are loaded by the first call
 * that needs them (`packages.ts`), so that whoever uses grpc-js does not need them.
 */

/** An `Interceptor` of Connect, for clients and servers: the type parameters are told by where it is put. */
export type ConnectInterceptor = <Request, Response>(
  next: (request: Request) => Promise<Response>,
) => (request: Request) => Promise<Response>

export interface ConnectMethod {
  readonly name: string
  readonly methodKind: 'unary' | 'client_streaming' | 'server_streaming' | 'bidi_streaming'
  /** `idempotency_level`; 1 is NO_SIDE_EFFECTS. */
  readonly idempotency: number
  readonly input: object
  readonly output: object
}

interface ConnectCall {
  readonly service: { readonly typeName: string }
  readonly method: ConnectMethod
  readonly requestMethod: string
  readonly url: string
  readonly signal: AbortSignal
  readonly header: Headers
}

export interface ConnectUnaryRequest extends ConnectCall {
  readonly stream: false
  readonly message: object
}

export interface ConnectStreamRequest extends ConnectCall {
  readonly stream: true
  readonly message: AsyncIterable<object>
}

export type ConnectRequest = ConnectUnaryRequest | ConnectStreamRequest

interface ConnectReply {
  readonly service: object
  readonly method: ConnectMethod
  readonly header: Headers
  readonly trailer: Headers
}

export interface ConnectUnaryResponse extends ConnectReply {
  readonly stream: false
  readonly message: object
}

export interface ConnectStreamResponse extends ConnectReply {
  readonly stream: true
  readonly message: AsyncIterable<object>
}

export type ConnectResponse = ConnectUnaryResponse | ConnectStreamResponse

export type ConnectNext = (request: ConnectRequest) => Promise<ConnectResponse>

/** A `ConnectError`. */
export interface ConnectErrorLike extends Error {
  readonly code: number
  readonly rawMessage: string
  readonly metadata: Headers
  readonly details: unknown[]
  readonly cause?: unknown
}

export function pathOf({ service, method }: Pick<ConnectCall, 'service' | 'method'>): string {
  return `/${service.typeName}/${method.name}`
}
