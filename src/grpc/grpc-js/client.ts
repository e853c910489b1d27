import { members } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { GrpcClientRules } from '../client/decisions.ts'
import { type GrpcClientOptions, parseGrpcClientOptions } from '../client/options.ts'
import { clientCore } from '../client/tries.ts'
import type { ClientCall, ClientCallOptions, MethodDefinition } from './types.ts'
import { UnaryClientCall } from './unary-client-call.ts'

/** An `Interceptor` of grpc-js: the type parameters are told by where it is put. */
export type GrpcClientInterceptor = <Options, Next, Call>(options: Options, nextCall: Next) => Call

export interface GrpcJsClientOptions extends GrpcClientOptions {
  /** With `once`: the definitions of the services that are called. Their serialisers write what is kept. */
  readonly services?: readonly object[]
}

/**
 * An interceptor for clients of `@grpc/grpc-js` (`new ShopClient(address, credentials, { interceptors: […] })`): unary
 * calls are retried where that cannot duplicate, under one key. Streams pass untouched. Put it first, before others
 * that sign or measure, so that each try goes through them. Throws `OPTION_INVALID`.
 */
export function grpcClientInterceptor(options: GrpcJsClientOptions = {}): GrpcClientInterceptor {
  return grpcClientInterceptorWith(options)
}

/** The same with decisions passed in, for tests. */
export function grpcClientInterceptorWith(
  options: GrpcJsClientOptions,
  rules?: GrpcClientRules,
): GrpcClientInterceptor {
  const core = clientCore(parseGrpcClientOptions(options), rules)
  const methods = methodsOf(options)
  return <Options, Next, Call>(given: Options, nextCall: Next): Call => {
    const callOptions = given as ClientCallOptions
    const next = nextCall as (options: ClientCallOptions) => ClientCall
    const { path, requestStream, responseStream } = callOptions.method_definition
    const call =
      requestStream || responseStream
        ? next(callOptions)
        : new UnaryClientCall({ core, options: callOptions, next, method: methods.get(path) })
    return call as Call
  }
}

function methodsOf({ once, services = [] }: GrpcJsClientOptions): ReadonlyMap<string, MethodDefinition> {
  if (!Array.isArray(services) || (once !== undefined && services.length === 0))
    throw optionInvalid(
      'services',
      'the definitions of the services that are called, where once is given',
      services,
    )
  const methods = services.flatMap((service, at) => {
    const all = Object.values(members(service, `services[${at}]`)) as readonly MethodDefinition[]
    if (
      !all.every(
        (method) => typeof method?.path === 'string' && typeof method.responseSerialize === 'function',
      )
    )
      throw optionInvalid(`services[${at}]`, 'a service definition of grpc-js', service)
    return all
  })
  return new Map(methods.map((method) => [method.path, method]))
}
