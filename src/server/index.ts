/** The control room: an HTTP API on a ledger's store, for operators and for services in any language. */
export type { Role } from './access/principal.ts'
export { type Token, Tokens, type TokenWish } from './access/tokens.ts'
export { recordActivity, type Recorder, type RecorderOptions } from './activity/recorder.ts'
export { type AuditHead, type AuditRecord, AuditTrail, type TrailCheck } from './audit-trail.ts'
export { readServerConfig, type ServerConfig } from './config.ts'
export { type OncewardServer, type ServerOptions, startServer } from './server.ts'
