import { LineCounter, parseDocument } from 'yaml'
import { boolean, count, label, members, milliseconds, oneOf } from '../kernel/check.ts'
import { OncewardError, optionInvalid } from '../kernel/errors.ts'
import { parseCaller } from './config-caller.ts'
import { parsePolicy, parseRoutes } from './config-routes.ts'
import { numbers, only, optional } from './config-values.ts'
import { parseListen } from './listen.ts'
import type {
  ForwardedConfig,
  GatewayConfig,
  GatewayPromises,
  LimitsConfig,
  TimeoutsConfig,
} from './schema.ts'

/** What the command line says beside the file; it goes first. */
export interface GatewayOverrides {
  readonly upstream?: string
  readonly listen?: string
}

const fields = [
  'upstream',
  'service',
  'listen',
  'health',
  'docsUrl',
  'caller',
  'forwarded',
  'limits',
  'timeouts',
  'defaults',
  'routes',
]

const defaultListen = '127.0.0.1:4871'
const defaultHealth = '/.well-known/onceward/health'

/**
 * Reads a configuration (docs/guide/gateway.md). Throws `OPTION_INVALID`, naming the field by its path, the value and
 * what was expected; for text that is no YAML, with line and column.
 */
export function readGatewayConfig(text: string, overrides: GatewayOverrides = {}): GatewayConfig {
  return parseGatewayConfig(yamlOf(text), overrides)
}

/**
 * Reads what such a file promises to clients, for whoever describes the service by it. A service that guards itself, with no
 * gateway in front, says the same things in the same file, and then it names no upstream.
 */
export function readGatewayPromises(text: string): GatewayPromises {
  const raw = yamlOf(text)
  const namesUpstream = 'upstream' in members(raw, 'configuration')
  return parseGatewayConfig(raw, namesUpstream ? {} : { upstream: 'http://127.0.0.1' })
}

/** The document of a YAML text; an empty one is an empty object. */
export function yamlOf(text: string): unknown {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [error] = document.errors
  if (error === undefined) return document.toJS({ maxAliasCount: 100 }) ?? {}
  const { line, col } = lines.linePos(error.pos[0])
  throw new OncewardError(
    'OPTION_INVALID',
    `The configuration is no YAML: ${error.message} (line ${line}, column ${col}).`,
  )
}

export function parseGatewayConfig(raw: unknown, overrides: GatewayOverrides = {}): GatewayConfig {
  const given = only(members(raw, 'configuration'), 'configuration', fields)
  const upstream = overrides.upstream ?? given['upstream']
  const timeouts = parseTimeouts(given['timeouts'] ?? {})
  const otherwise = parsePolicy(given['defaults'] ?? {}, 'defaults', { answerMs: timeouts.answerMs })
  const config: GatewayConfig = {
    upstream: parseUpstream(upstream, overrides.upstream === undefined ? 'upstream' : '--upstream'),
    listen: parseListen(
      overrides.listen ?? given['listen'] ?? defaultListen,
      overrides.listen === undefined ? 'listen' : '--listen',
    ),
    health: parsePath(given['health'] ?? defaultHealth, 'health'),
    ...optional('service', given['service'], (value, name) => label(value, name, 200)),
    ...optional('docsUrl', given['docsUrl'], (value, name) => label(value, name, 2000)),
    caller: parseCaller(given['caller'] ?? 'authorization'),
    forwarded: parseForwarded(given['forwarded'] ?? {}),
    limits: parseLimits(given['limits'] ?? {}),
    timeouts,
    routes: parseRoutes(given['routes'] ?? [], given['defaults'] ?? {}, timeouts.answerMs),
    otherwise,
  }
  checkForgetting(config)
  return config
}

/** Under stripe-v1 keys are forgotten by the whole store: a route that promises to remember must not lie beside it. */
function checkForgetting({ routes, otherwise }: GatewayConfig): void {
  const policies = [otherwise, ...routes].filter(({ guard }) => guard)
  const forgetting = policies.filter(({ profile }) => profile === 'stripe-v1')
  if (forgetting.length === 0 || forgetting.length === policies.length) return
  const other = policies.find(({ profile }) => profile !== 'stripe-v1')
  throw optionInvalid(
    'profile',
    'stripe-v1 in defaults and all guarded routes or in none, because it lets the whole ledger forget keys',
    other?.profile,
  )
}

function parseUpstream(value: unknown, name: string): string {
  const expected = 'a URL of scheme, host and port such as http://127.0.0.1:8080'
  if (typeof value !== 'string' || !URL.canParse(value)) throw optionInvalid(name, expected, value)
  const url = new URL(value)
  const isPlain =
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === ''
  if (url.username !== '' || url.password !== '')
    throw optionInvalid(name, `${expected}, without a user name`, `${url.protocol}//***@${url.host}`)
  if (!isPlain) throw optionInvalid(name, expected, value)
  return url.origin
}

function parsePath(value: unknown, name: string): string {
  if (typeof value === 'string' && /^\/[!-~]*$/.test(value) && !/[?#]/.test(value)) return value
  throw optionInvalid(name, 'a path such as /health', value)
}

function parseForwarded(raw: unknown): ForwardedConfig {
  const given = only(members(raw, 'forwarded'), 'forwarded', ['host', 'trust'])
  return {
    host: oneOf(given['host'] ?? 'upstream', ['upstream', 'client'], 'forwarded.host'),
    trust: boolean(given['trust'] ?? false, 'forwarded.trust'),
  }
}

const limitDefaults: LimitsConfig = {
  headerBytes: 16 * 1024,
  bodyBytes: 1024 * 1024,
  answerBytes: 128 * 1024,
  connections: 10_000,
  upstreamConnections: 128,
}

const limitBounds: Readonly<Record<keyof LimitsConfig, { min: number; max: number }>> = {
  headerBytes: { min: 1024, max: 1024 * 1024 },
  bodyBytes: { min: 1, max: 64 * 1024 * 1024 },
  answerBytes: { min: 1, max: 32 * 1024 * 1024 },
  connections: { min: 1, max: 1_000_000 },
  upstreamConnections: { min: 1, max: 10_000 },
}

function parseLimits(raw: unknown): LimitsConfig {
  return numbers(raw, limitDefaults, {
    name: 'limits',
    check: (value, name, field) => count(value, name, limitBounds[field]),
  })
}

const timeoutDefaults: TimeoutsConfig = {
  headersMs: 15_000,
  requestMs: 300_000,
  keepAliveMs: 5000,
  connectMs: 5000,
  answerMs: 60_000,
  lateMs: 300_000,
  idleMs: 60_000,
  upstreamKeepAliveMs: 4000,
  graceMs: 30_000,
}

function parseTimeouts(raw: unknown): TimeoutsConfig {
  const timeouts = numbers(raw, timeoutDefaults, {
    name: 'timeouts',
    check: (value, name) => milliseconds(value, name, 1),
  })
  const { headersMs, requestMs, answerMs, lateMs } = timeouts
  if (requestMs < headersMs)
    throw optionInvalid('timeouts.requestMs', `at least headersMs (${headersMs})`, requestMs)
  if (lateMs < answerMs) throw optionInvalid('timeouts.lateMs', `at least answerMs (${answerMs})`, lateMs)
  return timeouts
}
