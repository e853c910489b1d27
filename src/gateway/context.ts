import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Pool } from 'undici'
import type { HttpEngine } from '../http/engine.ts'
import type { NameCaller } from './callers.ts'
import type { GatewayRules } from './decisions.ts'
import type { MakeProblem } from './problems.ts'
import type { MatchRoute } from './routes.ts'
import type { GatewayConfig, PolicyConfig } from './schema.ts'

/** What the parts of one gateway share. */
export interface GatewayContext {
  readonly config: GatewayConfig
  readonly rules: GatewayRules
  readonly pool: Pool
  readonly match: MatchRoute
  readonly nameCaller: NameCaller
  /** Headers that say who calls. */
  readonly callerHeaders: readonly string[]
  readonly engines: ReadonlyMap<PolicyConfig, HttpEngine<GatewayRequest>>
  readonly problem: MakeProblem
  readonly onError: (error: unknown) => void
}

/** What the functions of an engine are given. */
export interface GatewayRequest {
  /** Known once the head has been admitted. */
  caller: string
}

/** One request of a client, and where it is to be answered. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The client waits for leave to send its body. */
  readonly expectsContinue: boolean
}
