import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createAdaptorServer } from '@hono/node-server'
import { messageOf, OncewardError, optionInvalid } from '../kernel/errors.ts'
import { isLoopback, listen } from '../gateway/listen.ts'
import { createEngine, type HttpEngine } from '../http/engine.ts'
import type { Onceward } from '../ledger/onceward.ts'
import type { OncewardOptions } from '../ledger/options.ts'
import type { Store } from '../ledger/store.ts'
import { systemRuntime } from '../system.ts'
import { createTelemetry, type LoggerLike, type Telemetry } from '../telemetry/index.ts'
import type { Principal } from './access/principal.ts'
import { Sessions } from './access/sessions.ts'
import { Tokens } from './access/tokens.ts'
import { Activity } from './activity/activity.ts'
import { Alerts } from './alerts/alerts.ts'
import { recordActivity, type Recorder } from './activity/recorder.ts'
import { App } from './app.ts'
import { AuditTrail } from './audit-trail.ts'
import type { ServerConfig, TlsConfig } from './config.ts'
import type { Bindings } from './knock.ts'
import { Effects } from './effects/effects.ts'
import { Jobs } from './jobs.ts'
import { Ledgers } from './ledgers.ts'
import { Readiness } from './readiness.ts'
import { reconciliationSamples } from './reconciliation-samples.ts'
import { RecordedResults } from './recorded.ts'
import { routes } from './routes/index.ts'
import { openApiDocument } from './schema/openapi.ts'
import { makeServices, type Services } from './services.ts'
import { readStaticFiles } from './static-files.ts'
import { operationsOf } from './verify.ts'

export interface ServerOptions {
  readonly config: ServerConfig
  /** Closed with the server. */
  readonly store: Store
  /** Of the package, for the OpenAPI document. */
  readonly version: string
  /** The folder of the built dashboard, if there is one. */
  readonly dashboard?: string
  /** What `onceward doctor` says of the store; looked at when it is asked for. */
  readonly doctor?: () => Promise<unknown>
  /** Of pino's shape: a line for each event of the ledger. */
  readonly logger?: LoggerLike
  /** Is told of faults of the server's own. */
  readonly onError: (error: unknown) => void
}

/** A server at work. */
export interface OncewardServer {
  readonly url: string
  /** Takes no more, waits for what runs (at most `graceMs` of the configuration), then ends. */
  close(): Promise<void>
}

/** Where the server keeps the answers to its own POSTs. */
const ownScope = 'onceward-server'

/** Answers of up to 128 KiB, at worst in base64, with their head. */
const keptBytes = 512 * 1024

/** The answer to `POST /v1/tokens` is kept without the token: at rest there is its digest alone. */
function withoutToken(value: unknown, { operation }: { readonly operation: string }): unknown {
  if (!operation.endsWith(' /v1/tokens')) return value
  const { text } = value as { readonly text?: unknown }
  if (typeof text !== 'string') return value
  const { token: _token, ...rest } = JSON.parse(text) as Readonly<Record<string, unknown>>
  return { ...(value as object), text: JSON.stringify(rest) }
}

/** Opens the store and listens. Throws `OPTION_INVALID`, `STORE_UNAVAILABLE` and the like. */
export async function startServer(options: ServerOptions): Promise<OncewardServer> {
  const { config, store, onError } = options
  const runtime = systemRuntime
  const telemetry = createTelemetry(options.logger === undefined ? {} : { logger: options.logger })
  const dress = (once: Onceward): Onceward => telemetry.instrument(once)
  const ledgers = new Ledgers(store, config.scopes, { ...ledgerOptions(config), dress })
  const own = new Ledgers(store, [ownScope], { redact: withoutToken, maxResultBytes: keptBytes })
  const running: Running = {
    telemetry,
    ledgers,
    own,
    recorders: [],
    effects: new Map(),
    jobs: undefined,
    alerts: undefined,
  }
  try {
    await Promise.all([ledgers.open(), own.open()])
    await prepareLists(options)
    for (const once of ledgers.all()) {
      running.recorders.push(recordActivity(once, { store, onError, runtime }))
      running.effects.set(once.scope, effectsOf(once, options, telemetry))
    }
    const services = servicesOf(options, running)
    await refuseOpenDoor(config, services.tokens)
    const app = new App({
      services,
      routes,
      engine: engineOf(own.of(ownScope), config, onError),
      files: await readStaticFiles(options.dashboard),
    })
    const server = await nodeServer(app, config)
    const url = await listen(server, config.listen, config.tls === undefined ? 'http' : 'https')
    for (const effects of running.effects.values()) effects.start()
    const { activity } = services
    const { everyMs } = config.jobs
    running.jobs = new Jobs({
      records: store.records,
      activity,
      scopes: config.scopes,
      runtime,
      everyMs,
      onError,
    })
    running.jobs.start()
    running.alerts = new Alerts({ ...services, config: config.alerts, once: own.of(ownScope) })
    running.alerts.start()
    return { url, close: closer({ server, services, running }) }
  } catch (error) {
    await release(running, 0)
    throw error
  }
}

/** On a file nothing else can be done meanwhile; a database server makes its indexes beside all else, however long it takes. */
async function prepareLists({ store, onError }: ServerOptions): Promise<void> {
  const prepared = store.prepareLists?.().catch(onError)
  if (store.name === 'sqlite') await prepared
}

/** What is to be stopped, in the order of `release`. */
interface Running {
  readonly telemetry: Telemetry
  readonly ledgers: Ledgers
  readonly own: Ledgers
  readonly recorders: Recorder[]
  readonly effects: Map<string, Effects>
  jobs: Jobs | undefined
  alerts: Alerts | undefined
}

async function release(running: Running, graceMs: number): Promise<void> {
  const { ledgers, own, recorders, effects, jobs, alerts } = running
  await Promise.all([jobs?.stop(), alerts?.stop()])
  await Promise.all([...effects.values()].map((each) => each.stop(graceMs)))
  await Promise.all([ledgers.close(graceMs), own.close(graceMs)])
  await Promise.all(recorders.map((recorder) => recorder.stop()))
  await ledgers.store.close()
}

function effectsOf(once: Onceward, { store, config, onError }: ServerOptions, telemetry: Telemetry): Effects {
  const { targets, limits } = config
  const shared = { once, store, runtime: systemRuntime, onError, telemetry }
  return new Effects({ ...shared, atOnce: limits.effects, targets })
}

function servicesOf(options: ServerOptions, { telemetry, ledgers, effects }: Running): Services {
  const { config, store, version, onError } = options
  const { records } = store
  const runtime = systemRuntime
  const tokens = new Tokens(records, runtime)
  const recorded = new RecordedResults(records, runtime)
  telemetry.addSource(() => reconciliationSamples(recorded, ledgers.scopes))
  const document = openApiDocument(routes, version)
  return makeServices({
    config,
    runtime,
    version,
    store,
    ledgers,
    activity: new Activity(records, runtime),
    readiness: new Readiness(store, runtime),
    tokens,
    sessions: new Sessions({ records, tokens, runtime, lifeMs: config.timeouts.sessionMs }),
    trail: new AuditTrail(records, runtime),
    recorded,
    effects,
    metrics: () => telemetry.text(),
    doctor: options.doctor,
    document: () => document,
    onError,
  })
}

function ledgerOptions({ operations, jobs }: ServerConfig): Omit<OncewardOptions, 'store' | 'scope'> {
  const { everyMs, tombstoneMs } = jobs
  return {
    operations: operationsOf(operations),
    sweep: { everyMs },
    ...(tombstoneMs === undefined ? {} : { tombstoneMs }),
  }
}

/** Other machines may only reach it where it asks who they are. Throws `OPTION_INVALID`. */
async function refuseOpenDoor({ listen: at }: ServerConfig, tokens: Tokens): Promise<void> {
  if (isLoopback(at) || (await tokens.exist())) return
  throw optionInvalid(
    'listen',
    'a loopback address as long as there is no token (make one: onceward token create --role admin --name NAME)',
    `${at.host}:${at.port}`,
  )
}

/** The server's own POSTs obey the engine that it gives to others. Running a handler again is safe: each checks what is there. */
function engineOf(
  once: Onceward,
  { limits, timeouts }: ServerConfig,
  onError: (error: unknown) => void,
): HttpEngine<Principal> {
  return createEngine<Principal>(once, {
    caller: ({ id }) => id,
    methods: ['POST'],
    safety: 'keyed',
    maxBodyBytes: limits.bodyBytes,
    timeoutMs: timeouts.answerMs,
    outcome: ({ status }) => (status >= 500 ? 'ambiguous' : undefined),
    onError,
  })
}

async function nodeServer(app: App, config: ServerConfig): Promise<Server> {
  const { limits, timeouts, tls } = config
  const shared = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, timeouts.headersMs),
    insecureHTTPParser: false,
    requireHostHeader: true,
  }
  const fetch: Parameters<typeof createAdaptorServer>[0]['fetch'] = (request, { incoming }) => {
    const { remoteAddress } = incoming.socket
    const bindings: Bindings = remoteAddress === undefined ? {} : { remoteAddress }
    return app.hono.fetch(request, bindings)
  }
  const server = createAdaptorServer(
    tls === undefined
      ? { fetch, createServer, serverOptions: shared }
      : {
          fetch,
          createServer: createSecureServer,
          serverOptions: { ...shared, minVersion: 'TLSv1.2', ...(await keysOf(tls)) },
        },
  ) as Server
  server.maxConnections = limits.connections
  return server
}

async function keysOf({ certFile, keyFile }: TlsConfig): Promise<{ cert: Buffer; key: Buffer }> {
  const read = async (path: string, name: string): Promise<Buffer> => {
    try {
      return await readFile(path)
    } catch (error) {
      const message = `tls.${name} must be a file that can be read, got ${JSON.stringify(path)}: ${messageOf(error)}`
      throw new OncewardError('OPTION_INVALID', message, { cause: error })
    }
  }
  return { cert: await read(certFile, 'certFile'), key: await read(keyFile, 'keyFile') }
}

interface Closing {
  readonly server: Server
  readonly services: Services
  readonly running: Running
}

/** New connections are refused first, streams end, requests in flight are answered, their outcomes recorded, the rest is cut. */
function closer({ server, services, running }: Closing): () => Promise<void> {
  const { graceMs } = services.config.timeouts
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    services.readiness.isStopping = true
    const ended = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    services.endFeeds()
    server.closeIdleConnections()
    // A connection whose request ends now would else be kept for a next one that is not to come.
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await ended
    clearInterval(idle)
    clearTimeout(timer)
    await release(running, graceMs)
  }
  return () => (closing ??= close())
}
