import { timestamp } from '../../kernel/time.ts'
import { as, type Route } from '../route.ts'
import { object, page, scopeQuery, text, time } from '../schema/parts.ts'

export const listTwins: Route = {
  method: 'GET',
  path: '/v1/twins',
  id: 'listTwins',
  summary:
    'One page of unstable keys that workers found, newest first: twins, and keys that name an instant.',
  role: 'viewer',
  query: {
    scope: scopeQuery,
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
    cursor: text(200, 'The `next` of the page before.'),
  },
  responses: {
    200: {
      description: 'Events of type twin and key_unstable.',
      schema: page(
        'twins',
        object({
          id: { type: 'string' },
          at: time,
          event: object({ type: { type: 'string' }, ref: { type: 'string' }, key: {} }),
        }),
      ),
    },
  },
  handle: async ({ services, scope, query }) => {
    const { limit = 50, cursor } = as<{ limit?: number; cursor?: string }>(query)
    const { twins, next } = await services.activity.twins(scope, { after: cursor, limit })
    const shown = twins.map(({ id, event }) => ({ id, at: timestamp(event.atUs / 1000), event }))
    return { body: { twins: shown, ...(next === undefined ? {} : { next }) } }
  },
}
