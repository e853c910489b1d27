import { Problem } from '../problems.ts'
import { type RecordedKind, recordedKinds } from '../recorded.ts'
import { as, type Route } from '../route.ts'
import { page, ref, scopeQuery, text } from '../schema/parts.ts'

/* Drills, reconciliations and incidents: kept as their commands print them (docs/reference/json.md). */

const names: Readonly<Record<RecordedKind, string>> = {
  drills: 'drills',
  reconciliations: 'reconciliations',
  incidents: 'triages and post-mortems of incidents',
}

export const recordedRoutes: readonly Route[] = recordedKinds.flatMap((kind) => [
  listOf(kind),
  showOf(kind),
  addTo(kind),
])

function listOf(kind: RecordedKind): Route {
  return {
    method: 'GET',
    path: `/v1/${kind}`,
    id: `list${capital(kind)}`,
    summary: `One page of recorded ${names[kind]}, newest first.`,
    role: 'viewer',
    query: {
      scope: scopeQuery,
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
      cursor: text(100, 'The `next` of the page before.'),
    },
    responses: { 200: { description: 'What was recorded.', schema: page(kind, ref('Recorded')) } },
    handle: async ({ services, scope, query }) => {
      const { limit = 20, cursor } = as<{ limit?: number; cursor?: string }>(query)
      const { found, next } = await services.recorded.list(kind, scope, { after: cursor, limit })
      return { body: { [kind]: found, ...(next === undefined ? {} : { next }) } }
    },
  }
}

function showOf(kind: RecordedKind): Route {
  return {
    method: 'GET',
    path: `/v1/${kind}/{id}`,
    id: `show${capital(kind)}`,
    summary: `One of the recorded ${names[kind]}.`,
    role: 'viewer',
    params: { id: { type: 'string', pattern: '^[0-9]{13}-[0-9a-f]{10}$' } },
    query: { scope: scopeQuery },
    responses: { 200: { description: 'What was recorded.', schema: ref('Recorded') } },
    handle: async ({ services, scope, params }) => {
      const id = params['id'] ?? ''
      const recorded = await services.recorded.one(kind, scope, id)
      if (recorded === undefined)
        throw new Problem('not-found', `There is nothing under ${id} among the recorded ${kind} of ${scope}.`)
      return { body: recorded }
    },
  }
}

function addTo(kind: RecordedKind): Route {
  return {
    method: 'POST',
    path: `/v1/${kind}`,
    id: `record${capital(kind)}`,
    summary: `Records the JSON that the command printed, so that it is found among the ${names[kind]}.`,
    role: 'operator',
    query: { scope: scopeQuery },
    body: { type: 'object', description: 'The document, as it was printed with --json.' },
    responses: { 201: { description: 'What was recorded.', schema: ref('Recorded') } },
    handle: async ({ services, scope, principal, body }) => ({
      status: 201,
      body: await services.recorded.add(kind, scope, { by: principal.name, document: body }),
    }),
  }
}

function capital(kind: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
}
