import { type Principal, roles, type Role } from '../access/principal.ts'
import { Problem } from '../problems.ts'
import { as, type Route } from '../route.ts'
import { list, object, ref, text } from '../schema/parts.ts'

export const listTokens: Route = {
  method: 'GET',
  path: '/v1/tokens',
  id: 'listTokens',
  summary: 'All tokens, revoked ones too; never the tokens themselves.',
  role: 'viewer',
  responses: { 200: { description: 'Tokens.', schema: object({ tokens: list(ref('Token')) }) } },
  handle: async ({ services, principal }) => {
    const tokens = await services.tokens.list()
    return { body: { tokens: tokens.filter((token) => isWithin(principal, token)) } }
  },
}

export const createToken: Route = {
  method: 'POST',
  path: '/v1/tokens',
  id: 'createToken',
  summary: 'Makes a token. It is shown in this answer alone: a replay of it leaves it out.',
  role: 'admin',
  body: {
    type: 'object',
    properties: {
      name: text(100, 'Who or what it is for; the audit trail shows it.'),
      role: { type: 'string', enum: roles },
      scopes: { type: 'array', items: text(100), maxItems: 100, description: 'Default: all.' },
    },
    required: ['name', 'role'],
    additionalProperties: false,
  },
  responses: {
    201: {
      description: 'The token.',
      schema: object({ token: { type: 'string' }, id: { type: 'string' } }, ['id']),
    },
  },
  handle: async ({ services, principal, body }) => {
    const wish = as<{ name: string; role: Role; scopes?: string[] }>(body)
    const { scopes } = principal
    // What is limited to some scopes gives no more than it has.
    if (!isWithin(principal, wish))
      throw new Problem('not-allowed', `${principal.name} may make tokens for ${scopes?.join(', ')} alone.`)
    const made = await services.audited(
      { principal, what: 'token.create', about: wish.name, after: wish },
      () => services.tokens.create(wish, principal.name),
    )
    return { status: 201, body: made }
  },
}

export const revokeToken: Route = {
  method: 'DELETE',
  path: '/v1/tokens/{id}',
  id: 'revokeToken',
  summary: 'Ends a token and the sessions begun with it, on every server within a second.',
  role: 'admin',
  params: { id: { type: 'string', pattern: '^[0-9a-f]{12}$' } },
  responses: { 200: { description: 'The token as it is now.', schema: ref('Token') } },
  handle: async ({ services, principal, params }) => {
    const id = params['id'] ?? ''
    const before = (await services.tokens.list()).find((token) => token.id === id)
    if (before === undefined || !isWithin(principal, before))
      throw new Problem('not-found', `There is no token ${id} that you may end.`)
    const token = await services.audited(
      { principal, what: 'token.revoke', about: id, before: { name: before.name, role: before.role } },
      () => services.tokens.revoke(id),
    )
    return { body: token }
  },
}

/** Of a caller that is limited to some scopes: a token that is limited to those too. */
function isWithin({ scopes }: Principal, token: { readonly scopes?: readonly string[] }): boolean {
  return scopes === undefined || (token.scopes?.every((scope) => scopes.includes(scope)) ?? false)
}
