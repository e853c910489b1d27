/**
 * `onceward/grpc`: interceptors for `@grpc/grpc-js` and `@connectrpc/connect`, client and server, and hooks for payload
 * integrity. Neither library is needed for the other.
 */
export type { GrpcOutcome } from './client/decisions.ts'
export { grpcOutcome } from './client/outcome.ts'
export type { GrpcClientCall, GrpcClientOptions } from './client/options.ts'
export { connectClientInterceptor } from './connect/client.ts'
export { connectServerInterceptor, type ConnectServerOptions } from './connect/server.ts'
export type { ConnectInterceptor } from './connect/types.ts'
export { withoutChannelRetries } from './grpc-js/channel-options.ts'
export {
  type GrpcClientInterceptor,
  grpcClientInterceptor,
  type GrpcJsClientOptions,
} from './grpc-js/client.ts'
export { withExactBytes } from './grpc-js/exact-bytes.ts'
export { type GrpcServerInterceptor, grpcServerInterceptor } from './grpc-js/server.ts'
export type { GrpcAnswer } from './message.ts'
export { type GrpcAttempt, grpcAttempt } from './server/attempt.ts'
export type { GrpcServerCall, GrpcServerOptions } from './server/options.ts'
export { type GrpcStatusName, grpcStatus } from './status.ts'
export { checkedHttpClient, type CheckedConnectOptions, checkedRoutes } from './integrity-connect.ts'
export {
  checkedDefinition,
  type CheckedDefinitionOptions,
  integrityClientInterceptor,
  integrityServerInterceptor,
  presentOf,
} from './integrity-grpc-js.ts'
export { type IntegrityRefusal, integrityRefusalOf, type RefusedSide } from './integrity-refusal.ts'
export { createIntegrity, type Integrity, type IntegrityOptions } from '../integrity/integrity.ts'
export { type Presence, requirePresent } from '../integrity/presence.ts'
