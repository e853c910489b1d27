/** The gateway: the guarantees of `onceward/http` in front of a service in any language. */
export { readGatewayConfig } from './config.ts'
export { startGateway } from './gateway.ts'
export type { CallerConfig, GatewayConfig, GatewayPromises, PolicyConfig } from './schema.ts'
