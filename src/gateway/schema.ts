import type { OutcomeClass, ProfileName } from '../http/profiles.ts'
import type { Listen } from './listen.ts'

/*
 * The gateway's configuration after the door: what its YAML file may say, with every default filled in. `config.ts` reads
 * it; whatever else describes a service by it (a page for partners) reads these types and nothing of YAML.
 */

export interface GatewayConfig {
  /** What the page for partners calls the service. */
  readonly service?: string
  /** Where requests are sent on to: scheme, host and port, no path. */
  readonly upstream: string
  readonly listen: Listen
  /** Path of the health answer; never sent on. */
  readonly health: string
  /** Your own copy of the page about problems. */
  readonly docsUrl?: string
  readonly caller: CallerConfig
  readonly forwarded: ForwardedConfig
  readonly limits: LimitsConfig
  readonly timeouts: TimeoutsConfig
  /** In the order of the file: the first that fits a request is its route. */
  readonly routes: readonly RouteConfig[]
  /** What holds for a request that fits no route: its path stands in the place of a template. */
  readonly otherwise: PolicyConfig
}

/** What clients can rely on. */
export type GatewayPromises = Pick<GatewayConfig, 'service' | 'docsUrl' | 'routes' | 'otherwise'>

/** Who calls: half of the scope of a key. */
export type CallerConfig =
  /** The digest of the header Authorization; without one, all callers are one. */
  | { readonly kind: 'authorization' }
  | { readonly kind: 'anonymous' }
  /** Believed as it comes: something in front of the gateway sets it. */
  | { readonly kind: 'header'; readonly header: string }
  | { readonly kind: 'jwt'; readonly claim: string; readonly proof: JwtProof }

/** How a token is known to be genuine. */
export type JwtProof =
  /** HMAC with the secret in this environment variable. */
  | ({ readonly kind: 'secret'; readonly env: string } & JwtChecks)
  /** A public key in PEM (SPKI). */
  | ({ readonly kind: 'public-key'; readonly file: string } & JwtChecks)
  /** Not at all: something in front of the gateway has verified it. */
  | { readonly kind: 'none' }

export interface JwtChecks {
  readonly algorithms: readonly string[]
  readonly issuer?: string
  readonly audience?: string
}

export interface ForwardedConfig {
  /** Which Host the upstream is sent. Default `upstream`. */
  readonly host: 'upstream' | 'client'
  /** Whether X-Forwarded-* of the client are believed and added to. Default: they are replaced. */
  readonly trust: boolean
}

export interface LimitsConfig {
  readonly headerBytes: number
  /** Of a guarded request, which is read whole before it is sent on. */
  readonly bodyBytes: number
  /** Of an answer that is kept; a larger one is passed on and not replayed. */
  readonly answerBytes: number
  /** Connections of clients. */
  readonly connections: number
  /** Connections to the upstream. */
  readonly upstreamConnections: number
}

export interface TimeoutsConfig {
  /** For a client to send its head. */
  readonly headersMs: number
  /** For a client to send its whole request. */
  readonly requestMs: number
  /** An idle connection of a client. */
  readonly keepAliveMs: number
  readonly connectMs: number
  /** For the upstream to answer, before the client is told that it did not. */
  readonly answerMs: number
  /** How long an answer that came too late is still listened for: it settles the doubt. */
  readonly lateMs: number
  /** A stream in which nothing moves, either way. */
  readonly idleMs: number
  /** An idle connection to the upstream: less than the upstream's own, which must not close one that is being used. */
  readonly upstreamKeepAliveMs: number
  /** For what runs when the gateway is told to stop. */
  readonly graceMs: number
}

export interface PolicyConfig {
  /** False: passed on untouched, whatever key it brings. */
  readonly guard: boolean
  readonly methods: readonly string[]
  readonly profile: ProfileName
  readonly require: boolean
  /** Header the key comes in. Default: the profile's. */
  readonly keyHeader?: string
  /** RFC 6901 pointer to the key in a JSON body. */
  readonly keyFromBody?: string
  readonly fingerprint: 'bytes' | 'json'
  readonly ignore: readonly string[]
  readonly replayHeaders: readonly string[]
  readonly retainMs?: number
  readonly waitMs: number
  readonly leaseMs?: number
  readonly answerMs: number
  readonly outcome: readonly OutcomeRule[]
  readonly safety: RouteSafety
}

export interface RouteConfig extends PolicyConfig {
  /** `/orders/:id`; a last segment `*` stands for any rest. */
  readonly path: string
}

/** Statuses from `from` to `to` mean `outcome`. */
export interface OutcomeRule {
  readonly from: number
  readonly to: number
  readonly outcome: OutcomeClass
}

/** What the upstream guarantees at a route. */
export type RouteSafety =
  | { readonly kind: 'blind' }
  /** It deduplicates by the client's key, which is sent on as it came. */
  | { readonly kind: 'keyed'; readonly keyLifetimeMs?: number }
  | VerifiableRoute

/** It can be asked what became of a key. */
export interface VerifiableRoute {
  readonly kind: 'verifiable'
  /** Path and query at the upstream; `{key}` stands for the client's key. */
  readonly statusPath: string
  /**
   * How long after a cut it is asked first, and how long it may take to say: longer than the upstream's longest request
   * life, and at least `answerMs` and `givenUpAfterMs`.
   */
  readonly settleMs: number
  readonly happened: readonly number[]
  readonly didNotHappen: readonly number[]
  /** Status of the replay, where it is not the one of the status answer. */
  readonly answerStatus?: number
  /** Environment variable with a bearer token for asking. */
  readonly tokenEnv?: string
}

/** How much longer than the client the gateway waits for an answer, where it need not listen for late ones. */
export const givenUpAfterMs = 1000
