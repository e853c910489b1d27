import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { type Knock, sessionCookie } from './access/gate.ts'

/** What is between a socket and the app. */
export interface Bindings {
  readonly remoteAddress?: string
}

export function knockOf(context: Context): Knock {
  const { req } = context
  return {
    method: req.method,
    header: (name) => req.header(name),
    cookie: getCookie(context, sessionCookie),
  }
}

export function addressOf({ env }: Context): string {
  return (env as Bindings | undefined)?.remoteAddress ?? ''
}
