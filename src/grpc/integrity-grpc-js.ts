import { readFrame } from '../integrity/frame.ts'
import type { Integrity } from '../integrity/integrity.ts'
import type { Presence, Present } from '../integrity/presence.ts'
import { isOncewardError, type OncewardError } from '../kernel/errors.ts'
import { ExactBytes } from './grpc-js/exact-bytes.ts'
import { findRefusal, type RefusedSide, sided, statusOf } from './integrity-refusal.ts'

export interface CheckedDefinitionOptions {
  /** Fields that must be in requests, by the method's path: `/shop.Orders/Dispatch`. */
  readonly present?: Readonly<Record<string, Presence>>
}

/** What is looked at of a method in a service definition of `@grpc/grpc-js`. */
interface MethodLike {
  readonly path: string
  readonly requestSerialize: (value: unknown) => Buffer
  readonly requestDeserialize: (bytes: Buffer) => unknown
  readonly responseSerialize: (value: unknown) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => unknown
}

const presents = new WeakMap<object, Present<unknown>>()

/** What the check of this request's fields gave: whether to hold, and where. */
export function presentOf(request: object): Present<unknown> | undefined {
  return presents.get(request)
}

/**
 * A service definition of `@grpc/grpc-js` whose messages, requests and replies, of unary calls and of streams, state
 * their length and digest, and are held to them before they are decoded. Used on both sides: `server.addService(…)`, and
 * `makeGenericClientConstructor(…)`. It is the serializers that see bytes: interceptors of grpc-js see decoded messages.
 *
 * What is refused is never handed on. With the two interceptors beside it, the status says why (DATA_LOSS); without them
 * it is grpc-js' INTERNAL.
 */
export function checkedDefinition<Definition extends object>(
  definition: Definition,
  integrity: Integrity,
  options: CheckedDefinitionOptions = {},
): Definition {
  const methods = Object.entries(definition) as [string, MethodLike][]
  const checked = methods.map(([name, method]) => {
    const presence = options.present?.[method.path]
    return [
      name,
      {
        ...method,
        requestSerialize: (value: unknown) => integrity.frame(method.requestSerialize(value)),
        responseSerialize: (value: unknown) => {
          const bytes = method.responseSerialize(value)
          // A kept reply was written down with its frame, unless it was kept before there were any.
          const isFramed = value instanceof ExactBytes && readFrame(bytes).stated.kind === 'stated'
          return isFramed ? bytes : integrity.frame(bytes)
        },
        requestDeserialize: (bytes: Buffer) =>
          refusing('request', () => {
            const message = method.requestDeserialize(integrity.unframe(bytes, method.path))
            if (presence === undefined) return message
            const present = presence.check(message, { bytes: bytes.length, method: method.path })
            presents.set(message as object, present)
            return message
          }),
        responseDeserialize: (bytes: Buffer) =>
          refusing('reply', () =>
            method.responseDeserialize(integrity.unframe(bytes, `${method.path} (reply)`)),
          ),
      },
    ]
  })
  return Object.fromEntries(checked) as Definition
}

/**
 * The refusal that is being thrown, for the server's interceptor: grpc-js catches what a deserializer throws, and keeps
 * nothing of it, but sends its status within the same turn.
 */
let thrown: OncewardError | undefined

function refusing<T>(side: RefusedSide, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isOncewardError(error)) throw error
    const refusal = sided(side, error)
    if (side === 'request') {
      thrown = refusal
      // A server without the interceptor leaves it: it must not become another call's status.
      queueMicrotask(() => {
        if (thrown === refusal) thrown = undefined
      })
    }
    throw refusal
  }
}

interface StatusLike {
  readonly code?: number
  readonly details?: string
}

interface ServerCallLike {
  sendStatus(status: never): void
  sendMessage(message: never, done: () => void): void
}

/**
 * The server's interceptor: a refused request ends with DATA_LOSS and the reason, or INVALID_ARGUMENT for a missing
 * field. First in the list: `new Server({ interceptors: [integrityServerInterceptor(), …] })`, next to the wire.
 *
 * It gives what the library takes for a call: its class has private members, which cannot be described.
 */
export function integrityServerInterceptor(): <Returned>(method: unknown, call: ServerCallLike) => Returned {
  return <Returned>(_: unknown, call: ServerCallLike) => {
    const sendStatus = call.sendStatus.bind(call) as (status: StatusLike) => void
    const sendMessage = call.sendMessage.bind(call) as (message: unknown, done: () => void) => void
    let isRefused = false
    call.sendStatus = (status: StatusLike) => {
      if (isRefused) return
      const refusal = thrown
      thrown = undefined
      if (refusal === undefined) return sendStatus(status)
      isRefused = true
      sendStatus({ ...status, code: statusOf(refusal.code), details: refusal.message })
    }
    // Handlers of a stream still answer earlier messages then, and grpc-js would lose the status over a late write.
    call.sendMessage = (message: unknown, done: () => void) => {
      if (isRefused) done()
      else sendMessage(message, done)
    }
    return call as Returned
  }
}

interface ClientCallLike {
  start(metadata: never, listener?: never): void
}

interface ListenerLike {
  onReceiveMetadata?(metadata: unknown): void
  onReceiveMessage?(message: unknown): void
  onReceiveStatus?(status: StatusLike): void
}

/** The client's interceptor: a refused reply ends with DATA_LOSS and the reason. See `integrityRefusalOf`. */
export function integrityClientInterceptor(): <Options, Returned>(
  options: Options,
  nextCall: (options: Options) => ClientCallLike,
) => Returned {
  return <Options, Returned>(options: Options, nextCall: (options: Options) => ClientCallLike) => {
    const call = nextCall(options)
    const start = call.start.bind(call) as unknown as (metadata: unknown, listener: ListenerLike) => void
    call.start = (metadata: unknown, listener?: ListenerLike) =>
      start(metadata, {
        onReceiveMetadata: (received) => listener?.onReceiveMetadata?.(received),
        onReceiveMessage: (message) => listener?.onReceiveMessage?.(message),
        onReceiveStatus: (status) => listener?.onReceiveStatus?.(said(status)),
      })
    return call as Returned
  }
}

function said(status: StatusLike): StatusLike {
  const refusal = findRefusal(status.details ?? '')
  if (refusal === undefined || refusal.side !== 'reply') return status
  return { ...status, code: statusOf(refusal.code), details: refusal.text }
}
