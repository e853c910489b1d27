import { type EffectAnswer } from '../effects/effects.ts'
import { type EffectWish, nameWish, wishSchema } from '../effects/wish.ts'
import { type Answered, as, type Route } from '../route.ts'
import { page, ref, refParam, scopeQuery, text } from '../schema/parts.ts'

const answer = { oneOf: [ref('Receipt'), ref('Scheduled')] }

export const performEffect: Route = {
  method: 'POST',
  path: '/v1/effects',
  id: 'performEffect',
  summary: 'Has an HTTP effect performed once, however often it is asked for under its key.',
  role: 'operator',
  query: { scope: scopeQuery },
  body: wishSchema,
  responses: {
    200: {
      description: 'How it ended. `state` says it: also `failed` and `in_doubt` are ends.',
      schema: ref('Receipt'),
    },
    202: { description: 'It has not ended; Location says where to look.', schema: answer },
  },
  handle: async ({ services, scope, principal, body }) => {
    const named = nameWish(scope, as<EffectWish>(body))
    return answered(await services.effectsOf(scope).wish(named, principal.name), scope)
  },
}

export const showEffect: Route = {
  method: 'GET',
  path: '/v1/effects/{ref}',
  id: 'showEffect',
  summary: 'What became of an effect.',
  role: 'viewer',
  params: { ref: refParam },
  query: { scope: scopeQuery },
  responses: performEffect.responses,
  handle: async ({ services, scope, params }) =>
    answered(await services.effectsOf(scope).look(params['ref'] ?? ''), scope),
}

export const listEffects: Route = {
  method: 'GET',
  path: '/v1/effects',
  id: 'listEffects',
  summary: 'Effects that wait for their time or their next try, the next first.',
  role: 'viewer',
  query: {
    scope: scopeQuery,
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 100 },
    cursor: text(100, 'The `next` of the page before.'),
  },
  responses: { 200: { description: 'Scheduled effects.', schema: page('effects', ref('Scheduled')) } },
  handle: async ({ services, scope, query }) => {
    const { limit = 100, cursor } = as<{ limit?: number; cursor?: string }>(query)
    return { body: await services.effectsOf(scope).scheduled({ after: cursor, limit }) }
  },
}

export const cancelEffect: Route = {
  method: 'DELETE',
  path: '/v1/effects/{ref}',
  id: 'cancelEffect',
  summary: 'Takes an effect off the agenda. What has been sent already stays sent.',
  role: 'operator',
  params: { ref: refParam },
  query: { scope: scopeQuery },
  responses: {
    200: { description: 'As it was scheduled.', schema: ref('Scheduled') },
    409: {
      description: 'It is being performed just now.',
      schema: ref('Problem'),
      contentType: 'application/problem+json',
    },
  },
  handle: async ({ services, scope, principal, params }) => {
    const about = params['ref'] ?? ''
    const effects = services.effectsOf(scope)
    const { receipt } = await effects.look(about)
    const before = { state: receipt['state'], dueAt: receipt['dueAt'] }
    await services.audited({ principal, what: 'effect.cancel', about, scope, before }, () =>
      effects.cancel(about),
    )
    return { body: receipt }
  },
}

function answered({ isEnded, receipt }: EffectAnswer, scope: string): Answered {
  if (isEnded) return { body: receipt }
  const location = `/v1/effects/${String(receipt['ref'])}?scope=${encodeURIComponent(scope)}`
  return { status: 202, body: receipt, headers: { location } }
}
