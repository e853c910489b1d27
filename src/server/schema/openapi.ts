import type { Route, RouteResponse } from '../route.ts'
import type { Schema } from './json-schema.ts'
import { components, ref } from './parts.ts'

const problems: Readonly<Record<number, string>> = {
  400: 'The request is not what this route takes; the value is named.',
  401: 'A token is needed.',
  403: 'The token may not do that, or not in this scope.',
  404: 'There is no such thing, or not in a scope of the token.',
  409: 'It has changed meanwhile, or is in a state that does not allow this.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'The idempotency key was used with another request.',
  429: 'Too many requests; Retry-After says when to come back.',
  500: 'A fault of the server.',
  503: 'The store cannot be reached, or the server is stopping.',
  504: 'No answer in time.',
}

/** The OpenAPI 3.1 document of the routes. Paths are absolute: there is no server prefix. */
export function openApiDocument(routes: readonly Route[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = (paths[route.path] ??= {})
    path[route.method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Onceward',
      version,
      description:
        'What the ledger knows, the decisions about it, and effects performed once. Authorisation comes before look-up, validation and idempotency.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'onceward_session' },
      },
    },
  }
}

function operationOf(route: Route): unknown {
  const { params = {}, query = {}, body, responses, id, summary, role, method } = route
  const parameters = [
    ...Object.entries(params).map(([name, schema]) => parameter(name, 'path', schema)),
    ...Object.entries(query).map(([name, schema]) => parameter(name, 'query', schema)),
    ...(method === 'POST' ? [idempotencyKey] : []),
  ]
  return {
    operationId: id,
    summary,
    'x-onceward-role': role,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...Object.fromEntries(Object.entries(responses).map(described)), ...problemsOf(route) },
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same request is answered as the first time (docs/guide/http.md).',
  schema: { type: 'string' },
}

function parameter(name: string, where: 'path' | 'query', schema: Schema): unknown {
  return { name, in: where, required: where === 'path', schema }
}

function described([status, response]: [string, RouteResponse]): [string, unknown] {
  const { description, schema, contentType = 'application/json' } = response
  return [
    status,
    schema === undefined ? { description } : { description, content: { [contentType]: { schema } } },
  ]
}

function problemsOf({ method, params, query, responses, body }: Route): Record<string, unknown> {
  const statuses = [400, 401, 403, 429, 500, 503, 504]
  if (params !== undefined || query?.['scope'] !== undefined) statuses.push(404)
  if (method === 'POST') statuses.push(409, 422)
  if (body !== undefined) statuses.push(413, 415)
  return Object.fromEntries(
    statuses
      .filter((status) => responses[status] === undefined)
      .toSorted((a, b) => a - b)
      .map((status) => [
        String(status),
        {
          description: problems[status],
          content: { 'application/problem+json': { schema: ref('Problem') } },
        },
      ]),
  )
}
