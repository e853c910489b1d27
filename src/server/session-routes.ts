import type { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { type Knock, refuseCrossSite, sessionCookie } from './access/gate.ts'
import type { Principal } from './access/principal.ts'
import { addressOf, knockOf } from './knock.ts'
import { bodyOf, jsonOf } from './incoming.ts'
import type { Services } from './services.ts'

interface SessionParts {
  readonly services: Services
  /** Throws a problem for a wrong token. */
  readonly signIn: (secret: string, knock: Knock, address: string) => Promise<Principal>
}

/** `POST /session` trades a token for a cookie, `DELETE /session` ends it. Both lie outside of the OpenAPI document. */
export function sessionRoutes(hono: Hono, { services, signIn }: SessionParts): void {
  const { sessions, config } = services
  const cookie = {
    httpOnly: true,
    sameSite: 'Strict',
    secure: config.tls !== undefined,
    path: '/',
    maxAge: Math.floor(config.timeouts.sessionMs / 1000),
  } as const
  hono.post('/session', async (context) => {
    const knock = knockOf(context)
    refuseCrossSite(knock)
    const bytes = await bodyOf(context.req.raw, 4096)
    const { token } = jsonOf(wish, bytes, context.req.header('content-type')) as { token: string }
    const principal = await signIn(token, knock, addressOf(context))
    setCookie(context, sessionCookie, await sessions.begin(principal), cookie)
    const { id, name, role, scopes } = principal
    return context.json({ id, name, role, scopes }, 201, { 'cache-control': 'no-store' })
  })
  hono.delete('/session', async (context) => {
    refuseCrossSite(knockOf(context))
    const known = getCookie(context, sessionCookie)
    if (known !== undefined) await sessions.end(known)
    deleteCookie(context, sessionCookie, { path: '/' })
    return context.body(null, 204)
  })
}

const wish = {
  type: 'object',
  properties: { token: { type: 'string', minLength: 1, maxLength: 200 } },
  required: ['token'],
  additionalProperties: false,
} as const
