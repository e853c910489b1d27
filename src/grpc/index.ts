/** `onceward/grpc`: hooks for `@grpc/grpc-js` and connect-es. Both are described, not imported. */
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
