import { isIP } from 'node:net'
import { isLoopback, type Listen } from '../../gateway/listen.ts'
import { Problem } from '../problems.ts'
import { loopbackPrincipal, mayAct, type Principal, type Role } from './principal.ts'
import type { Sessions } from './sessions.ts'
import type { Tokens } from './tokens.ts'

export const sessionCookie = 'onceward_session'

/** A request by what decides who makes it. Names of headers in lower case. */
export interface Knock {
  readonly method: string
  readonly header: (name: string) => string | undefined
  readonly cookie: string | undefined
}

export interface GateOptions {
  readonly listen: Listen
  readonly hosts: readonly string[]
  readonly tokens: Tokens
  readonly sessions: Sessions
}

/** Who may come in. */
export class Gate {
  readonly #options: GateOptions

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Throws a problem for nobody, and for a page of another site. */
  async principalOf(knock: Knock): Promise<Principal> {
    const { tokens, sessions } = this.#options
    const authorization = knock.header('authorization')
    if (authorization !== undefined) {
      const [, secret = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
      const principal = await tokens.principalOf(secret)
      if (principal === undefined)
        throw new Problem('not-signed-in', 'This token is not known, or has been revoked.')
      return principal
    }
    refuseCrossSite(knock)
    const principal = knock.cookie === undefined ? undefined : await sessions.principalOf(knock.cookie)
    if (principal !== undefined) return principal
    if (!(await tokens.exist()) && isLoopback(this.#options.listen)) return loopbackPrincipal
    throw new Problem('not-signed-in', 'Send a token: Authorization: Bearer ow_…')
  }

  /**
   * A page of another site may make a browser call this machine under a name of its own (DNS rebinding): only names that
   * are meant are answered to.
   */
  refuseUnknownHost(host: string | undefined): void {
    const name = hostNameOf(host)
    const { hosts, listen } = this.#options
    const isKnown = name === 'localhost' || isIP(name) !== 0 || name === listen.host || hosts.includes(name)
    if (!isKnown)
      throw new Problem(
        'host-unknown',
        `Add ${JSON.stringify(name)} to hosts in the configuration, if it is meant.`,
      )
  }
}

function hostNameOf(host: string | undefined): string {
  const text = (host ?? '').toLowerCase()
  return text.startsWith('[') ? text.slice(1, text.indexOf(']')) : text.replace(/:\d+$/, '')
}

/** What a browser adds by itself (a cookie, being on this machine) must come from a page of this server. */
export function refuseCrossSite({ method, header }: Knock): void {
  const site = header('sec-fetch-site')
  const origin = header('origin')
  const isOther =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && hostOfOrigin(origin) !== header('host'))
  if (!isOther) return
  // A link from elsewhere may open the dashboard; it may not read or change anything.
  if (method === 'GET' && header('sec-fetch-mode') === 'navigate') return
  throw new Problem('cross-site', 'Only pages of this server may do that with a session.')
}

function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

export function demand(principal: Principal, role: Role): void {
  if (mayAct(principal, role)) return
  throw new Problem('not-allowed', `This needs the role ${role}; ${principal.name} has ${principal.role}.`)
}
