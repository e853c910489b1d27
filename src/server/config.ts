import { label, members, milliseconds, count } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'
import { yamlOf } from '../gateway/config.ts'
import { list, names, numbers, only, optional } from '../gateway/config-values.ts'
import { type Listen, parseListen } from '../gateway/listen.ts'
import type { AlertsConfig } from './alerts/alert.ts'
import { parseAlerts } from './alerts/config-alerts.ts'
import { parseOperations, parseTargets } from './config-operations.ts'
import type { EffectTarget } from './effects/sender.ts'
import type { VerifiedOperation } from './verify.ts'

/** The server's configuration after the door, with every default filled in (docs/guide/serve.md). */
export interface ServerConfig {
  readonly listen: Listen
  /** The scopes that it serves; the first is the one meant where none is named. */
  readonly scopes: readonly string[]
  /** Names under which it is reached, beside its address: for a proxy in front of it. */
  readonly hosts: readonly string[]
  readonly tls?: TlsConfig
  /** Operations whose targets are asked with no caller present. */
  readonly operations: ReadonlyMap<string, VerifiedOperation>
  /** Where effects may be sent; absent: anywhere. */
  readonly targets?: readonly EffectTarget[]
  readonly alerts: AlertsConfig
  readonly jobs: JobsConfig
  readonly limits: ServerLimits
  readonly timeouts: ServerTimeouts
}

export interface JobsConfig {
  /** How often, with jitter, lapsed leases, verify answers and retention are looked at; one server at a time. */
  readonly everyMs: number
  /** How long the fact of an effect is kept once its result is forgotten. Default: for ever. */
  readonly tombstoneMs?: number
}

export interface TlsConfig {
  readonly certFile: string
  readonly keyFile: string
}

export interface ServerLimits {
  readonly headerBytes: number
  readonly bodyBytes: number
  readonly connections: number
  /** Of one caller, a minute; bursts of as many. */
  readonly requestsPerMinute: number
  /** Listeners of the live feed. */
  readonly listeners: number
  /** Effects that this server performs at once. */
  readonly effects: number
}

export interface ServerTimeouts {
  readonly headersMs: number
  /** For a client to send its whole request. */
  readonly requestMs: number
  /** For a route to answer. */
  readonly answerMs: number
  readonly keepAliveMs: number
  /** For what runs when the server is told to stop. */
  readonly graceMs: number
  /** How long a signed-in page stays so. */
  readonly sessionMs: number
}

export interface ServerOverrides {
  readonly listen?: string
  /** The scope of the command line: the first that is served. */
  readonly scope: string
}

const fields = [
  'listen',
  'scopes',
  'hosts',
  'tls',
  'operations',
  'effects',
  'alerts',
  'jobs',
  'limits',
  'timeouts',
]
const defaultListen = '127.0.0.1:4870'
const maxScopes = 100

/** Reads a configuration. Throws `OPTION_INVALID`, naming the field, the value and what was expected. */
export function readServerConfig(text: string, overrides: ServerOverrides): ServerConfig {
  const given = only(members(yamlOf(text), 'configuration'), 'configuration', fields)
  const named = names(given['scopes'] ?? [], 'scopes').map((scope, at) => label(scope, `scopes[${at}]`, 100))
  const scopes = [...new Set([overrides.scope, ...named])]
  if (scopes.length > maxScopes)
    throw optionInvalid('scopes', `a list of at most ${maxScopes}`, `${scopes.length} scopes`)
  const { tls } = given
  const targets = parseTargets(given['effects'] ?? {})
  return {
    listen: parseListen(
      overrides.listen ?? given['listen'] ?? defaultListen,
      overrides.listen === undefined ? 'listen' : '--listen',
      defaultListen,
    ),
    scopes,
    hosts: list(given['hosts'] ?? [], 'hosts', 'a list of names').map((host, at) =>
      label(host, `hosts[${at}]`, 253).toLowerCase(),
    ),
    ...(tls === undefined || tls === null ? {} : { tls: parseTls(tls) }),
    operations: parseOperations(given['operations'] ?? {}),
    ...(targets === undefined ? {} : { targets }),
    alerts: parseAlerts(given['alerts'] ?? {}),
    jobs: parseJobs(given['jobs'] ?? {}),
    limits: numbers(given['limits'] ?? {}, limitDefaults, {
      name: 'limits',
      check: (value, name, field) => count(value, name, limitBounds[field]),
    }),
    timeouts: numbers(given['timeouts'] ?? {}, timeoutDefaults, {
      name: 'timeouts',
      check: (value, name) => milliseconds(value, name, 1),
    }),
  }
}

function parseJobs(raw: unknown): JobsConfig {
  const given = only(members(raw, 'jobs'), 'jobs', ['everyMs', 'tombstoneMs'])
  return {
    everyMs: milliseconds(given['everyMs'] ?? 60_000, 'jobs.everyMs', 100),
    ...optional('tombstoneMs', given['tombstoneMs'], (value, name) => milliseconds(value, `jobs.${name}`, 0)),
  }
}

function parseTls(raw: unknown): TlsConfig {
  const given = only(members(raw, 'tls'), 'tls', ['certFile', 'keyFile'])
  return {
    certFile: label(given['certFile'], 'tls.certFile', 4096),
    keyFile: label(given['keyFile'], 'tls.keyFile', 4096),
  }
}

const limitDefaults: ServerLimits = {
  headerBytes: 16 * 1024,
  bodyBytes: 1024 * 1024,
  connections: 10_000,
  requestsPerMinute: 120_000,
  listeners: 200,
  effects: 256,
}

const limitBounds: Readonly<Record<keyof ServerLimits, { min: number; max: number }>> = {
  headerBytes: { min: 1024, max: 1024 * 1024 },
  bodyBytes: { min: 1024, max: 16 * 1024 * 1024 },
  connections: { min: 1, max: 1_000_000 },
  requestsPerMinute: { min: 1, max: 100_000_000 },
  listeners: { min: 1, max: 100_000 },
  effects: { min: 1, max: 100_000 },
}

const timeoutDefaults: ServerTimeouts = {
  headersMs: 15_000,
  requestMs: 60_000,
  answerMs: 60_000,
  keepAliveMs: 5000,
  graceMs: 30_000,
  sessionMs: 12 * 60 * 60 * 1000,
}
