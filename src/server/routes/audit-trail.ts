import { as, type Route } from '../route.ts'
import { list, object, ref } from '../schema/parts.ts'

export const auditTrail: Route = {
  method: 'GET',
  path: '/v1/audit-trail',
  id: 'auditTrail',
  summary: 'One page of decisions. `onceward audit-trail verify` follows the whole chain.',
  role: 'viewer',
  query: {
    before: {
      type: 'integer',
      minimum: 1,
      maximum: 999_999_999_999,
      description: 'Older than this one. Default: from the newest on.',
    },
    limit: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
  },
  responses: {
    200: {
      description: 'Newest first, with the head of the chain.',
      schema: object(
        {
          records: list(ref('AuditRecord')),
          head: object({ seq: { type: 'integer' }, hash: { type: 'string' } }),
          next: { type: 'integer', description: 'The `before` of the next page.' },
        },
        ['records', 'head'],
      ),
    },
  },
  handle: async ({ services, query, principal }) => {
    const { before, limit = 100 } = as<{ before?: number; limit?: number }>(query)
    const head = await services.trail.head()
    const end = Math.min(before ?? head.seq + 1, head.seq + 1)
    const begin = Math.max(0, end - 1 - limit)
    const found = await services.trail.read(begin, Math.max(1, end - 1 - begin))
    const { scopes } = principal
    const records = found
      .filter(
        ({ seq, scope }) =>
          seq < end && (scopes === undefined || (scope !== undefined && scopes.includes(scope))),
      )
      .toReversed()
    return { body: { records, head, ...(begin === 0 ? {} : { next: begin + 1 }) } }
  },
}
