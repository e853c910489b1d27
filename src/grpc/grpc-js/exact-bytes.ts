import { members } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { MethodDefinition } from './types.ts'

/** Message → the bytes it was decoded from. */
const received = new WeakMap<object, Uint8Array>()

/** A response that is sent as it stands: the kept one of a replay, or one that was serialised to be kept. */
export class ExactBytes {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/**
 * A service definition that remembers of every request the bytes it came in, and sends replayed responses byte for
 * byte: `server.addService(withExactBytes(ShopService), handlers)`. An interceptor of grpc-js sees decoded messages
 * only, and encoding one again need not give the bytes back. Throws `OPTION_INVALID`.
 */
export function withExactBytes<Definition extends object>(definition: Definition): Definition {
  const methods = Object.entries(members(definition, 'definition')).map(([name, method]) => [
    name,
    exactMethod(name, method as MethodDefinition),
  ])
  return Object.fromEntries(methods) as Definition
}

function exactMethod(name: string, method: MethodDefinition): MethodDefinition {
  const { requestDeserialize, responseSerialize } = method ?? {}
  if (typeof requestDeserialize !== 'function' || typeof responseSerialize !== 'function')
    throw optionInvalid(`definition.${name}`, 'a method of a service definition of grpc-js', method)
  // Not guarded, so nothing of it is looked at.
  if (method.responseStream) return method
  return {
    ...method,
    requestDeserialize: (bytes) => {
      const message = requestDeserialize(bytes)
      if (typeof message === 'object' && message !== null) received.set(message, bytes)
      return message
    },
    responseSerialize: (message: unknown) =>
      message instanceof ExactBytes ? message.bytes : responseSerialize(message as never),
  }
}

/** The bytes of a request; `undefined` where its service was not added by `withExactBytes`. */
export function bytesOf(message: unknown): Uint8Array | undefined {
  return typeof message === 'object' && message !== null ? received.get(message) : undefined
}
