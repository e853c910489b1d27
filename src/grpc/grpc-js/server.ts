import type { Onceward } from '../../ledger/onceward.ts'
import { createGrpcEngine } from '../server/engine.ts'
import type { GrpcServerRules } from '../server/decisions.ts'
import type { GrpcServerOptions } from '../server/options.ts'
import { GuardedCall } from './guarded-call.ts'
import type { ServerCall, ServerMethod } from './types.ts'

/** A `ServerInterceptor` of grpc-js: both type parameters are told by where it is put. */
export type GrpcServerInterceptor = <Method, Next, Call>(method: Method, call: Next) => Call

/**
 * An interceptor for `new Server({ interceptors: […] })` of `@grpc/grpc-js`: unary calls and client streams with a key
 * run once, others pass. Put it last, behind what authenticates. The service is to be added by `withExactBytes`.
 * Throws `OPTION_INVALID`.
 */
export function grpcServerInterceptor(once: Onceward, options: GrpcServerOptions): GrpcServerInterceptor {
  return grpcServerInterceptorWith(once, options)
}

/** The same with decisions passed in, for tests. */
export function grpcServerInterceptorWith(
  once: Onceward,
  options: GrpcServerOptions,
  rules?: GrpcServerRules,
): GrpcServerInterceptor {
  const engine = createGrpcEngine(once, options, rules)
  return <Method, Next, Call>(method: Method, call: Next): Call =>
    new GuardedCall(engine, method as ServerMethod, call as ServerCall).asCall() as Call
}
