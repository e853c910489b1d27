import type { Decision } from '../../ledger/onceward.ts'
import { as, type Route } from '../route.ts'
import { page, ref, refParam, text } from '../schema/parts.ts'
import { entriesQueryOf, pageQuery } from './entries.ts'

export const listDoubts: Route = {
  method: 'GET',
  path: '/v1/doubts',
  id: 'listDoubts',
  summary: 'One page of entries in doubt, newest first.',
  role: 'viewer',
  query: pageQuery,
  responses: { 200: { description: 'Receipts with since and why.', schema: page('doubts', ref('Doubt')) } },
  handle: async ({ services, scope, query }) => ({
    body: await services.ledgers.of(scope).doubts.list(entriesQueryOf(query)),
  }),
}

export const resolveDoubt: Route = {
  method: 'POST',
  path: '/v1/doubts/{ref}/resolution',
  id: 'resolveDoubt',
  summary: 'Ends a doubt with what a person found out.',
  role: 'operator',
  params: { ref: refParam },
  body: {
    type: 'object',
    properties: {
      happened: { type: 'boolean', description: 'True: succeeded. False: released, free to run again.' },
      value: { description: 'With `happened`: the result that replays give.' },
      because: text(2000, 'What the decision rests on.'),
      by: text(150, 'The person, where the token is one of several people.'),
    },
    required: ['happened', 'because'],
    additionalProperties: false,
  },
  responses: { 200: { description: 'The receipt as it is now.', schema: ref('Receipt') } },
  handle: async ({ services, params, body, principal }) => {
    const entry = await services.entryOf(principal, params['ref'] ?? '')
    const { happened, value, because, by } = as<{
      happened: boolean
      value?: unknown
      because: string
      by?: string
    }>(body)
    const decision: Decision = {
      because,
      by: by === undefined ? principal.name : `${by} (${principal.name})`,
      ...(happened ? { happened, ...(value === undefined ? {} : { value }) } : { happened }),
    }
    return services.audited(
      {
        principal,
        what: 'doubt.resolve',
        about: entry.ref,
        scope: entry.scope,
        why: because,
        before: { state: entry.state, attempts: entry.attempt },
        after: { state: happened ? 'succeeded' : 'released', by: decision.by },
      },
      async () => ({ body: await services.ledgers.of(entry.scope).doubts.resolve(entry.ref, decision) }),
    )
  },
}
