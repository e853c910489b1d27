import { OncewardError } from '../../kernel/errors.ts'
import type { ConnectErrorLike } from './types.ts'

/** The parts of Connect and protobuf-es that are called, by the shapes of `types.ts`. */
export interface ConnectPackages {
  readonly ConnectError: new (message: string, code: number, metadata?: Headers) => ConnectErrorLike
  create(type: object, value: object): object
  toBinary(type: object, message: object): Uint8Array
  fromBinary(type: object, bytes: Uint8Array): object
}

let loaded: Promise<ConnectPackages> | undefined

/** Loads them once. Rejects with `DEPENDENCY_MISSING`. */
export function connectPackages(): Promise<ConnectPackages> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<ConnectPackages> {
  try {
    const [{ ConnectError }, { create, fromBinary, toBinary }] = await Promise.all([
      import('@connectrpc/connect'),
      import('@bufbuild/protobuf'),
    ])
    // Their types are about single messages; here a message is whatever its own descriptor says.
    return { ConnectError, create, fromBinary, toBinary } as unknown as ConnectPackages
  } catch (cause) {
    const message =
      'Interceptors for Connect need packages: npm install @connectrpc/connect @bufbuild/protobuf'
    throw new OncewardError('DEPENDENCY_MISSING', message, { cause })
  }
}
