import type { HttpAttempt, HttpOptions } from '../../http/index.ts'
import type { Onceward } from '../../ledger/onceward.ts'

/** What an adapter can do beyond the rest; cases that need it are skipped, with the reason, for those that cannot. */
export type AdapterTrait =
  /** It sees that a handler threw, and not only what the framework then answered. */
  | 'sees-throws'
  /** It knows the template of a route when the request is guarded. */
  | 'knows-templates'
  /** Handlers can answer with a stream. */
  | 'streams'
  /** It reads the stream of an answer to its end when the client has left meanwhile. */
  | 'reads-on'
  /** It still gets what a handler answers past its time. */
  | 'sees-late-answers'

/**
 * An adapter under test: starts a service in its framework, on a real socket.
 *
 * The service answers every route with what `handle` gives, said in the framework's own way (`res.json`, `reply.send`,
 * `return new Response`), and throws what it throws. All routes are guarded with `options`; callers are named by the
 * header `x-caller`, `anonymous` without it.
 */
export interface AdapterUnderTest {
  readonly name: string
  readonly traits: readonly AdapterTrait[]
  start(service: ServiceUnderTest): Promise<RunningService>
}

export interface ServiceUnderTest {
  readonly once: Onceward
  /** `caller` is the adapter's to say: `(request) => request.headers['x-caller'] ?? 'anonymous'`. */
  readonly options: ServiceOptions
  readonly routes: readonly ServiceRoute[]
}

export type ServiceOptions = Omit<HttpOptions, 'caller' | 'naturalKey' | 'subject' | 'require'> & {
  readonly require?: boolean | readonly string[]
  /** Does not look at the request itself, so that it fits every framework. */
  readonly naturalKey?: (request: unknown, body: unknown) => readonly string[] | undefined
}

export interface ServiceRoute {
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** `/orders/:id`; parameters as Express, Fastify, Hono and Koa's router write them. */
  readonly path: string
  readonly handle: (call: RouteCall) => RouteAnswer | Promise<RouteAnswer>
}

/** A call as the handler finds it behind the adapter. */
export interface RouteCall {
  /** The path and query that the client sent. */
  readonly target: string
  /** The body, byte for byte, as the handler could still read it. */
  readonly body: Uint8Array
  /** `request.onceward`. */
  readonly attempt: HttpAttempt | undefined
}

export interface RouteAnswer {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes and text are sent as they are. A stream is sent piece by piece; where it throws, the answer breaks off. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Sent in the framework's own way for JSON. */
  readonly json?: unknown
  /** Answer nothing, ever. */
  readonly silent?: boolean
}

export interface RunningService {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  close(): Promise<void>
}
