import { type Context, Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { serveFetch } from '../http/fetch/serve.ts'
import type { HttpEngine } from '../http/engine.ts'
import { demand, Gate, type Knock } from './access/gate.ts'
import { type Principal, scopesOf } from './access/principal.ts'
import { Rates } from './access/rates.ts'
import { addressOf, knockOf } from './knock.ts'
import { bodyOf, checkedQuery, jsonOf } from './incoming.ts'
import { Problem, problemOf, problemResponse } from './problems.ts'
import type { Answered, Call, Route } from './route.ts'
import { flawOf } from './schema/json-schema.ts'
import type { Services } from './services.ts'
import { sessionRoutes } from './session-routes.ts'
import { type StaticFiles, staticRoutes } from './static-files.ts'

export interface AppParts {
  readonly services: Services
  readonly routes: readonly Route[]
  readonly engine: HttpEngine<Principal>
  readonly files: StaticFiles
}

/** How many wrong tokens a minute an address may try. */
const wrongTokensPerMinute = 60

/** The server's app: who may, then what, then the route. */
export class App {
  readonly hono: Hono = new Hono()
  readonly #parts: AppParts
  readonly #gate: Gate
  readonly #rates: Rates
  readonly #wrongTokens: Rates

  constructor(parts: AppParts) {
    this.#parts = parts
    const { config, runtime, tokens, sessions } = parts.services
    this.#gate = new Gate({ listen: config.listen, hosts: config.hosts, tokens, sessions })
    this.#rates = new Rates(runtime, config.limits.requestsPerMinute)
    this.#wrongTokens = new Rates(runtime, wrongTokensPerMinute)
    this.#compose()
  }

  #compose(): void {
    const { hono } = this
    const { services, files } = this.#parts
    hono.use(secureHeaders(headersOf(services.config.tls !== undefined)))
    hono.use(async (context, next) => {
      this.#gate.refuseUnknownHost(context.req.header('host'))
      if (services.readiness.isStopping) context.header('connection', 'close')
      await next()
    })
    hono.get('/.well-known/onceward/health', async (context) => {
      const health = await services.readiness.look()
      return context.json(health, health.status === 'ok' ? 200 : 503, { 'cache-control': 'no-store' })
    })
    for (const [path, routes] of byPath(this.#parts.routes)) {
      hono.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) => this.#serve(context, routes))
    }
    hono.all('/v1/*', (context) => this.#serve(context, []))
    sessionRoutes(hono, {
      services,
      signIn: (secret, knock, address) => this.#signIn(secret, knock, address),
    })
    staticRoutes(hono, files)
    hono.notFound(() => problemResponse('not-found', { detail: 'There is nothing at this path.' }))
    hono.onError((error) => problemOf(error, services.onError))
  }

  async #serve(context: Context, routes: readonly Route[]): Promise<Response> {
    const { services } = this.#parts
    const principal = await this.#principalOf(context)
    const waitMs = this.#rates.take(principal.id)
    if (waitMs > 0)
      throw new Problem('too-many-requests', `${principal.name} asks too often.`, { retryAfterMs: waitMs })
    const method = context.req.method === 'HEAD' ? 'GET' : context.req.method
    const route = routes.find((each) => each.method === method)
    if (route === undefined && routes.length > 0)
      throw new Problem('method-not-allowed', `It knows ${routes.map((each) => each.method).join(', ')}.`)
    if (route === undefined) throw new Problem('not-found', 'There is no such route; see /v1/openapi.json.')
    demand(principal, route.role)
    const named = route.query?.['scope'] === undefined ? undefined : context.req.query('scope')
    const scope = scopeFor(services, principal, named)
    return this.#inTime(this.#checked(context, { route, principal, scope }))
  }

  async #principalOf(context: Context): Promise<Principal> {
    try {
      return await this.#gate.principalOf(knockOf(context))
    } catch (error) {
      if (context.req.header('authorization') !== undefined) this.#countWrongToken(addressOf(context))
      throw error
    }
  }

  #countWrongToken(address: string): void {
    const waitMs = this.#wrongTokens.take(address)
    if (waitMs > 0)
      throw new Problem('too-many-requests', 'Too many wrong tokens from this address.', {
        retryAfterMs: waitMs,
      })
  }

  async #signIn(secret: string, knock: Knock, address: string): Promise<Principal> {
    try {
      return await this.#gate.principalOf({ ...knock, header: withToken(knock, secret) })
    } catch (error) {
      this.#countWrongToken(address)
      throw error
    }
  }

  async #checked(
    context: Context,
    { route, principal, scope }: { route: Route; principal: Principal; scope: string },
  ): Promise<Response> {
    const { services, engine } = this.#parts
    const params = context.req.param() as Record<string, string>
    for (const [name, schema] of Object.entries(route.params ?? {})) {
      if (flawOf(schema, params[name], name) !== undefined)
        throw new Problem('not-found', `There is no ${name} ${JSON.stringify(params[name])}.`)
    }
    const query = checkedQuery(route.query ?? {}, context.req.queries())
    const bytes =
      route.method === 'POST' ? await bodyOf(context.req.raw, services.config.limits.bodyBytes) : undefined
    const body =
      route.body === undefined ? undefined : jsonOf(route.body, bytes, context.req.header('content-type'))
    const { signal } = context.req.raw
    const call: Call = { services, principal, scope, params, query, body, signal }
    const handle = async (): Promise<Response> => {
      try {
        return responseOf(await route.handle(call))
      } catch (error) {
        return problemOf(error, services.onError)
      }
    }
    if (route.method !== 'POST') return handle()
    return serveFetch(engine, {
      request: context.req.raw,
      native: principal,
      template: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      body: () => ({ bytes }),
      proceed: handle,
    })
  }

  /** What runs on behind a 504 is not undone: a POST with its key again tells how it ended. */
  #inTime(answer: Promise<Response>): Promise<Response> {
    const { runtime, config } = this.#parts.services
    return new Promise((resolve, reject) => {
      const timer = runtime.setTimer(config.timeouts.answerMs, () => {
        reject(new Problem('timed-out', `No answer within ${config.timeouts.answerMs} ms.`))
      })
      answer.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}

function byPath(routes: readonly Route[]): Map<string, Route[]> {
  return Map.groupBy(routes, ({ path }) => path)
}

/** A scope that is named and not the caller's is refused; where none is named, it is the first that is. */
function scopeFor({ ledgers }: Services, principal: Principal, named: string | undefined): string {
  const allowed = scopesOf(principal, ledgers.scopes)
  const scope = named ?? allowed[0]
  if (scope !== undefined && allowed.includes(scope)) return scope
  if (named !== undefined && principal.scopes === undefined)
    throw new Problem('not-found', `This server serves no scope ${JSON.stringify(named)}.`)
  throw new Problem(
    'not-allowed',
    `${principal.name} may see ${principal.scopes?.join(', ') ?? 'nothing'} alone.`,
  )
}

function withToken(knock: Knock, secret: string): Knock['header'] {
  return (name) => (name === 'authorization' ? `Bearer ${secret}` : knock.header(name))
}

function responseOf(answered: Answered): Response {
  if (answered instanceof Response) return answered
  const { status = 200, body, headers } = answered
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
}

function headersOf(isSecure: boolean): NonNullable<Parameters<typeof secureHeaders>[0]> {
  return {
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    strictTransportSecurity: isSecure ? 'max-age=15552000' : false,
    referrerPolicy: 'no-referrer',
    permissionsPolicy: { camera: [], microphone: [], geolocation: [], payment: [] },
  }
}
