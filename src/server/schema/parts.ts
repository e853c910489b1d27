import { entryStates } from '../../ledger/entry.ts'
import type { Schema } from './json-schema.ts'

/* Shapes that several routes share: `components.schemas` of the OpenAPI document. */

export const text = (maxLength: number, description?: string): Schema & { type: 'string' } => ({
  type: 'string',
  minLength: 1,
  maxLength,
  ...(description === undefined ? {} : { description }),
})
export const time: Schema & { type: 'string' } = { type: 'string', format: 'date-time' }
export const count: Schema & { type: 'integer' } = { type: 'integer', minimum: 0 }
export const refParam: Schema & { type: 'string' } = {
  type: 'string',
  pattern: '^[0-9a-z]{24}$',
  description: 'The ref of a receipt.',
}
export const scopeQuery: Schema = text(100, 'The scope. Default: the first one that the caller may see.')
export const limitQuery: Schema = { type: 'integer', minimum: 1, maximum: 500, default: 100 }
export const cursorQuery: Schema = text(400, 'The `next` of the page before.')

export type ComponentName =
  | 'Receipt'
  | 'Scheduled'
  | 'Doubt'
  | 'Entry'
  | 'Counts'
  | 'Interval'
  | 'Bounded'
  | 'Problem'
  | 'Recorded'
  | 'Token'
  | 'AuditRecord'

export function ref(name: ComponentName): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

export function object(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = Object.keys(properties),
): Schema {
  return { type: 'object', properties, required }
}

export function list(items: Schema): Schema {
  return { type: 'array', items }
}

/** One page: a list and, where there is more, the cursor of the next. */
export function page(name: string, items: Schema): Schema {
  return object({ [name]: list(items), next: { type: 'string' } }, [name])
}

const key: Schema = { oneOf: [text(255), { type: 'array', items: { type: 'string' } }] }
const fence: Schema = object({ epoch: count, attempt: count })
const error: Schema = object({ code: { type: 'string' }, message: { type: 'string' } })

const step: Schema = object(
  {
    name: { type: 'string' },
    state: { type: 'string', enum: ['started', 'succeeded', 'failed'] },
    attempts: count,
    startedAt: time,
    finishedAt: time,
  },
  ['name', 'state', 'attempts', 'startedAt'],
)

const receiptProperties: Readonly<Record<string, Schema>> = {
  scope: { type: 'string' },
  operation: { type: 'string' },
  key,
  subject: { type: 'string' },
  ref: refParam,
  state: { type: 'string', enum: [...entryStates, 'scheduled'] },
  replayed: { type: 'boolean' },
  value: {},
  error,
  attempts: count,
  fence,
  claimedAt: time,
  finishedAt: time,
  steps: list(step),
}
const receiptRequired = [
  'scope',
  'operation',
  'key',
  'ref',
  'state',
  'replayed',
  'attempts',
  'fence',
  'claimedAt',
]

const happening: Schema = object(
  {
    at: time,
    type: { type: 'string', description: 'The type of the event, as in docs/guide: claimed, succeeded …' },
    source: {
      type: 'string',
      enum: ['entry', 'event'],
      description: 'Read off the row, or told of by a worker.',
    },
    worker: { type: 'string' },
    fence,
    detail: { type: 'object', description: 'What the event says beside; no input and no result.' },
  },
  ['at', 'type', 'source', 'detail'],
)

const latency: Schema = object(
  { p50: { type: 'number' }, p95: { type: 'number' }, p99: { type: 'number' } },
  [],
)

export const countNames = [
  'claims',
  'replays',
  'waits',
  'refusals',
  'doubtAnswers',
  'takeovers',
  'effects',
  'succeeded',
  'failed',
  'released',
  'unknown',
  'inDoubt',
  'resolved',
  'leasesLost',
  'lateOutcomes',
  'twins',
  'unstableKeys',
  'storeFaults',
] as const
export type CountName = (typeof countNames)[number]

const counts: Schema = object(Object.fromEntries(countNames.map((name) => [name, count])))

export const components: Readonly<Record<ComponentName, Schema>> = {
  Receipt: object(receiptProperties, receiptRequired),
  Scheduled: object(
    {
      scope: { type: 'string' },
      operation: { type: 'string' },
      key,
      subject: { type: 'string' },
      ref: refParam,
      state: { type: 'string', enum: ['scheduled'] },
      replayed: { type: 'boolean' },
      attempts: count,
      dueAt: time,
      error,
    },
    ['scope', 'operation', 'key', 'ref', 'state', 'replayed', 'attempts', 'dueAt'],
  ),
  Doubt: object({ ...receiptProperties, since: time, why: { type: 'string' } }, [
    ...receiptRequired,
    'since',
    'why',
  ]),
  Entry: object(
    {
      ...receiptProperties,
      safety: { type: 'string', enum: ['transactional', 'keyed', 'verifiable', 'blind'] },
      fingerprint: { type: 'string' },
      round: count,
      rev: count,
      leaseMs: count,
      leaseUntil: time,
      retainMs: count,
      firstPossibleSendAt: time,
      earlierUnknown: { type: 'boolean' },
      valueKept: { type: 'boolean' },
      doubt: object({ since: time, why: { type: 'string' } }),
      resolution: object({ by: { type: 'string' }, because: { type: 'string' }, at: time }),
      buriedState: { type: 'string', enum: ['succeeded', 'failed'] },
      history: list(happening),
    },
    [
      ...receiptRequired,
      'safety',
      'fingerprint',
      'round',
      'rev',
      'leaseMs',
      'leaseUntil',
      'retainMs',
      'history',
    ],
  ),
  Counts: counts,
  Interval: object({ at: time, counts: { $ref: '#/components/schemas/Counts' }, latencyMs: latency }),
  Bounded: object({ count, isBound: { type: 'boolean', description: 'True: there are at least so many.' } }, [
    'count',
    'isBound',
  ]),
  Problem: object(
    {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string' },
      ref: { type: 'string' },
    },
    ['type', 'title', 'status', 'detail'],
  ),
  Recorded: object({
    id: { type: 'string' },
    at: time,
    by: { type: 'string' },
    document: { description: 'The JSON that the command printed (docs/reference/json.md).' },
  }),
  Token: object(
    {
      id: { type: 'string' },
      name: { type: 'string' },
      role: { type: 'string', enum: ['viewer', 'operator', 'admin'] },
      scopes: list({ type: 'string' }),
      createdAt: time,
      createdBy: { type: 'string' },
      revokedAt: time,
    },
    ['id', 'name', 'role', 'createdAt', 'createdBy'],
  ),
  AuditRecord: object(
    {
      seq: { type: 'integer', minimum: 1 },
      at: time,
      who: object({ id: { type: 'string' }, name: { type: 'string' }, role: { type: 'string' } }),
      what: { type: 'string' },
      about: { type: 'string' },
      scope: { type: 'string' },
      why: { type: 'string' },
      before: {},
      after: {},
      previous: { type: 'string' },
      hash: { type: 'string' },
    },
    ['seq', 'at', 'who', 'what', 'about', 'previous', 'hash'],
  ),
}
