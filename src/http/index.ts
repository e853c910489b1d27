/**
 * `onceward/http`: one header makes an endpoint safe to retry. The engine knows no framework; `nodeHandler` and
 * `fetchHandler` are its plain adapters, `serveNode` and `serveFetch` what every other adapter is made of.
 */
export type { Admission, HttpEngine } from './engine.ts'
export { createEngine } from './engine.ts'
export type { Head } from './context.ts'
export { type FetchHandler, fetchHandler, type GuardedRequest } from './fetch/handler.ts'
export { type FetchExchange, serveFetch } from './fetch/serve.ts'
export {
  checkedFetch,
  checkedFetchHandler,
  type CheckedFetchOptions,
  digestedResponse,
  integrityHeaders,
} from './integrity/fetch.ts'
export { checkBody } from './integrity/node.ts'
export type { BodyCheckOptions } from './integrity/check-request.ts'
export { createIntegrity, type Integrity, type IntegrityOptions } from '../integrity/integrity.ts'
export { type Presence, requirePresent } from '../integrity/presence.ts'
export type {
  Answer,
  AnswerInit,
  Captured,
  HeaderPairs,
  HttpAttempt,
  HttpBody,
  HttpRequest,
  Perform,
  Reply,
} from './message.ts'
export { nodeHandler, type NodeHandler } from './node/handler.ts'
export { parsedBody, type ParsedRequest } from './node/parsed-body.ts'
export { type NodeExchange, serveNode } from './node/serve.ts'
export { type ErrorWatcher, serveWatched, type WatchedExchange } from './node/serve-watched.ts'
export type { NodeRequestLike, NodeResponseLike } from './node/types.ts'
export type { HttpOptions } from './options.ts'
export { type ProblemInit, type ProblemType, problemTypes } from './problems.ts'
export { isClientStatus, isRefusal } from './thrown.ts'
export {
  type KeySyntax,
  type OutcomeClass,
  type Profile,
  type ProfileName,
  profileNames,
  profiles,
} from './profiles.ts'
