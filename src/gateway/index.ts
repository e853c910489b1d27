/** The gateway: the guarantees of `onceward/http` in front of a service in any language. */
export { type GatewayOverrides, parseGatewayConfig, readGatewayConfig } from './config.ts'
export { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
export type { CallerConfig, GatewayConfig, PolicyConfig, RouteConfig, RouteSafety } from './schema.ts'
