/** Each may what the ones before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** Who makes a request. */
export interface Principal {
  /** The id of a token, or `loopback` where none exists. */
  readonly id: string
  readonly name: string
  readonly role: Role
  /** The scopes that it may see; undefined: all that the server serves. */
  readonly scopes?: readonly string[]
}

/** Where no token exists, whoever reaches this machine's own address is its operator. */
export const loopbackPrincipal: Principal = { id: 'loopback', name: 'loopback', role: 'admin' }

export function mayAct(principal: Principal, role: Role): boolean {
  return roles.indexOf(principal.role) >= roles.indexOf(role)
}

export function scopesOf(principal: Principal, served: readonly string[]): readonly string[] {
  const { scopes } = principal
  return scopes === undefined ? served : served.filter((scope) => scopes.includes(scope))
}
