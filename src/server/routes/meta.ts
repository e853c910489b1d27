import { scopesOf } from '../access/principal.ts'
import { keptFor } from '../activity/recorder.ts'
import { expositionType } from '../../telemetry/exposition.ts'
import type { Route } from '../route.ts'
import type { Services } from '../services.ts'
import { list, object } from '../schema/parts.ts'

const healthSchema = object({
  status: { type: 'string', enum: ['ok', 'stopping', 'store-unavailable'] },
  store: { type: 'string', enum: ['ok', 'unavailable'] },
})

export const health: Route = {
  method: 'GET',
  path: '/v1/health',
  id: 'health',
  summary: 'That the server runs, whatever its store does.',
  role: 'viewer',
  responses: { 200: { description: 'It runs.', schema: healthSchema } },
  handle: async ({ services }) => ({ body: await services.readiness.look() }),
}

export const ready: Route = {
  method: 'GET',
  path: '/v1/ready',
  id: 'ready',
  summary: 'Whether requests can be answered: the store answers, and the server is not stopping.',
  role: 'viewer',
  responses: {
    200: { description: 'It can.', schema: healthSchema },
    503: { description: 'It cannot.', schema: healthSchema },
  },
  handle: async ({ services }) => {
    const body = await services.readiness.look()
    return { status: body.status === 'ok' ? 200 : 503, body }
  },
}

export const openApi: Route = {
  method: 'GET',
  path: '/v1/openapi.json',
  id: 'openApi',
  summary: 'This document.',
  role: 'viewer',
  responses: { 200: { description: 'OpenAPI 3.1.', schema: { type: 'object' } } },
  handle: ({ services }) => ({ body: services.document() }),
}

export const whoAmI: Route = {
  method: 'GET',
  path: '/v1/me',
  id: 'whoAmI',
  summary: 'Who the caller is, what it may, and what it sees.',
  role: 'viewer',
  responses: {
    200: {
      description: 'The caller, and the server.',
      schema: object({
        id: { type: 'string' },
        name: { type: 'string' },
        role: { type: 'string', enum: ['viewer', 'operator', 'admin'] },
        scopes: list({ type: 'string' }),
        version: { type: 'string' },
        store: { type: 'string', description: 'Without secrets.' },
      }),
    },
  },
  handle: ({ services, principal }) => {
    const { id, name, role } = principal
    const scopes = scopesOf(principal, services.ledgers.scopes)
    return { body: { id, name, role, scopes, version: services.version, store: services.store.location } }
  },
}

export const metrics: Route = {
  method: 'GET',
  path: '/metrics',
  id: 'metrics',
  summary: 'Metrics of this process, in Prometheus’ text format; doubts and reconciliations are the store’s.',
  role: 'viewer',
  responses: {
    200: {
      description: 'Every metric by its name.',
      schema: { type: 'string' },
      contentType: expositionType,
    },
  },
  handle: async ({ services }) =>
    new Response(await services.metrics(), {
      headers: { 'content-type': expositionType, 'cache-control': 'no-store' },
    }),
}

const doctorEveryMs = 30_000
const examined = new WeakMap<object, { readonly atMs: number; readonly report: Promise<unknown> }>()

/** What it says changes seldom, and finding it out takes connections of its own: once in half a minute, for all who ask. */
function examinationOf({ doctor, runtime }: Services): Promise<unknown> {
  if (doctor === undefined) return Promise.resolve(undefined)
  const nowMs = runtime.monotonicMs()
  const known = examined.get(doctor)
  if (known !== undefined && nowMs - known.atMs < doctorEveryMs) return known.report
  const report = doctor()
  examined.set(doctor, { atMs: nowMs, report })
  return report
}

export const settings: Route = {
  method: 'GET',
  path: '/v1/settings',
  id: 'settings',
  summary: 'How long things are kept, how often they are looked at, and which promises hold on this store.',
  role: 'viewer',
  responses: {
    200: {
      description: 'Of this server. `doctor` is what `onceward doctor --json` prints.',
      schema: object(
        {
          retention: object(
            {
              everyMs: { type: 'integer' },
              tombstoneMs: { type: 'integer', description: 'Absent: tombstones are kept for ever.' },
              minutesMs: { type: 'integer' },
              hoursMs: { type: 'integer' },
              historyMs: { type: 'integer' },
              twinsMs: { type: 'integer' },
            },
            ['everyMs', 'minutesMs', 'hoursMs', 'historyMs', 'twinsMs'],
          ),
          alerts: list(object({ name: { type: 'string' }, kind: { type: 'string' } })),
          doctor: { type: 'object' },
        },
        ['retention', 'alerts'],
      ),
    },
  },
  handle: async ({ services }) => {
    const { jobs, alerts } = services.config
    const { minutes, hours, history, twins } = keptFor
    const doctor = await examinationOf(services)
    return {
      body: {
        retention: { ...jobs, minutesMs: minutes, hoursMs: hours, historyMs: history, twinsMs: twins },
        alerts: alerts.channels.map(({ name, kind }) => ({ name, kind })),
        ...(doctor === undefined ? {} : { doctor }),
      },
    }
  },
}
