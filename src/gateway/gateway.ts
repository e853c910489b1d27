import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Pool } from 'undici'
import type { Onceward, OperationOptions } from '../ledger/onceward.ts'
import { profiles } from '../http/profiles.ts'
import { systemRuntime } from '../system.ts'
import { callerHeaders, callerNamer } from './callers.ts'
import type { GatewayContext } from './context.ts'
import { type GatewayRules, gatewayRules } from './decisions.ts'
import { enginesOf } from './engines.ts'
import { forward, refuse } from './forward.ts'
import { Health } from './health.ts'
import { listen } from './listen.ts'
import { problemMaker } from './problems.ts'
import { pathOf, routeMatcher } from './routes.ts'
import type { GatewayConfig } from './schema.ts'
import { type Asking, gatewayOperations } from './status.ts'

export interface GatewayOptions {
  readonly config: GatewayConfig
  /** Makes the instance; it is told of the operations, and closed with the gateway. */
  readonly openLedger: (operations: Readonly<Record<string, OperationOptions>>) => Promise<Onceward>
  /** Is told of faults of the gateway's own. */
  readonly onError: (error: unknown) => void
  /** Decisions, for tests. */
  readonly rules?: GatewayRules
}

/** A gateway at work. */
export interface Gateway {
  readonly url: string
  readonly once: Onceward
  /** Takes no more, waits for what runs (at most `graceMs` of the configuration), then ends. */
  close(): Promise<void>
}

/** Opens the ledger and listens. Throws `OPTION_INVALID`, `STORE_UNAVAILABLE` and the like. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, onError, rules = gatewayRules } = options
  const nameCaller = await callerNamer(config.caller, rules)
  const pool = poolOf(config)
  const asking: Asking = { pool: () => pool, rules, maxAnswerBytes: config.limits.answerBytes }
  const once = await options.openLedger(gatewayOperations(config, asking))
  const health = new Health(once)
  try {
    const context: GatewayContext = {
      config,
      rules,
      pool,
      match: routeMatcher(config),
      nameCaller,
      callerHeaders: callerHeaders(config.caller),
      engines: enginesOf(config, { once, runtime: systemRuntime, asking, onError }),
      problem: problemMaker(config.docsUrl),
      onError,
    }
    const server = serverOf(context, health)
    const url = await listen(server, config.listen)
    const close = closer({ server, once, pool, health, graceMs: config.timeouts.graceMs })
    return { url, once, close }
  } catch (error) {
    await once.close()
    await pool.destroy()
    throw error
  }
}

function poolOf({ upstream, limits, timeouts }: GatewayConfig): Pool {
  return new Pool(upstream, {
    connections: limits.upstreamConnections,
    // One request a connection at a time: behind a cut it is known which one it cut.
    pipelining: 1,
    connect: { timeout: timeouts.connectMs },
    bodyTimeout: timeouts.idleMs,
    keepAliveTimeout: timeouts.upstreamKeepAliveMs,
    keepAliveMaxTimeout: timeouts.upstreamKeepAliveMs,
    keepAliveTimeoutThreshold: Math.min(1000, timeouts.upstreamKeepAliveMs / 2),
    maxHeaderSize: limits.headerBytes,
  })
}

/** How often connections are looked at that send too slowly. */
const checkEveryMs = 1000

function serverOf(context: GatewayContext, health: Health): Server {
  const { limits, timeouts } = context.config
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(checkEveryMs, timeouts.headersMs),
    insecureHTTPParser: false,
    requireHostHeader: true,
  })
  server.maxConnections = limits.connections
  const take = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    serve(context, health, { request, response, expectsContinue }).catch((error: unknown) => {
      context.onError(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { connection: 'close' }).end()
    })
  }
  server.on('request', take(false))
  server.on('checkContinue', take(true))
  return server
}

async function serve(
  context: GatewayContext,
  health: Health,
  exchange: Parameters<typeof forward>[1],
): Promise<void> {
  const { request, response } = exchange
  const { config, rules, problem } = context
  if (health.isStopping) response.setHeader('connection', 'close')
  const target = request.url ?? '/'
  if (pathOf(target) === config.health) return health.answer(exchange)
  const route = context.match(request.method ?? 'GET', target)
  const policy = route ?? config.otherwise
  const why = rules.refusalOf({
    method: request.method ?? 'GET',
    target,
    version: request.httpVersion,
    raw: request.rawHeaders,
    headers: request.headers,
    identity: [...context.callerHeaders, policy.keyHeader ?? profiles[policy.profile].header],
  })
  if (why !== undefined) return refuse(exchange, problem('request-refused', { detail: why }))
  if (isUpgrade(request)) {
    const detail = 'This gateway speaks HTTP/1.1 and passes no other protocol on, WebSocket neither.'
    return refuse(exchange, problem('upgrade-refused', { detail }))
  }
  await forward(context, exchange, { policy, template: route?.path })
}

/** Some clients offer HTTP/2 with every first request, and mean nothing by it if it is passed over. */
function isUpgrade({ headers }: IncomingMessage): boolean {
  const { upgrade } = headers
  return upgrade !== undefined && upgrade.trim().toLowerCase() !== 'h2c'
}

interface Closing {
  readonly server: Server
  readonly once: Onceward
  readonly pool: Pool
  readonly health: Health
  readonly graceMs: number
}

/** New connections are refused first, requests in flight end, their outcomes are recorded, then the rest is cut. */
function closer({ server, once, pool, health, graceMs }: Closing): () => Promise<void> {
  return async () => {
    health.isStopping = true
    const ended = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await Promise.all([ended, once.close({ graceMs })])
    clearTimeout(timer)
    await pool.destroy()
  }
}
