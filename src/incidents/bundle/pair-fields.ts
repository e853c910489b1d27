import { plain } from './fields.ts'
import { pairsIn, requestIn } from './log-line.ts'
import type { FieldName } from './manifest.ts'
import type { BundleRow } from './row.ts'

/** Names of pairs in messages, without `_`, `-` and capitals. */
const pairFields: Readonly<Record<string, FieldName>> = {
  ref: 'ref',
  orderref: 'ref',
  orderid: 'ref',
  order: 'ref',
  reference: 'ref',
  invoiceref: 'ref',
  paymentref: 'ref',
  batchid: 'ref',
  customerid: 'ref',
  subject: 'ref',
  key: 'key',
  idempotencykey: 'key',
  idemkey: 'key',
  dedupekey: 'key',
  effect: 'effect',
  effectid: 'effect',
  chargeid: 'effect',
  paymentid: 'effect',
  invoiceid: 'effect',
  dispatchid: 'effect',
  draftid: 'effect',
  worker: 'worker',
  workerid: 'worker',
  thread: 'worker',
  task: 'worker',
  pid: 'worker',
  host: 'host',
  hostname: 'host',
  node: 'host',
  pod: 'host',
  version: 'version',
  release: 'version',
  status: 'status',
  statuscode: 'status',
  segment: 'segment',
  run: 'run',
  runid: 'run',
  endpoint: 'endpoint',
  url: 'endpoint',
  path: 'endpoint',
  event: 'event',
  eventid: 'event',
  session: 'session',
  sessionid: 'session',
}

const numberFields: readonly (readonly [RegExp, 'durationMs' | 'bytes'])[] = [
  [/^((duration|latency|elapsed|took)(ms)?|rt|requesttime|urt|upstreamresponsetime)$/, 'durationMs'],
  [/^(bytes|size|sizebytes)$/, 'bytes'],
]

/** The field that a pair of this name tells, if any. */
export function fieldOfPair(name: string): FieldName | undefined {
  const bare = plain(name)
  return (
    pairFields[bare] ??
    (bare === 'attempt' ? 'attempt' : numberFields.find(([names]) => names.test(bare))?.[1])
  )
}

/** What a message says of our fields, in pairs or as an access log does. */
export function fieldsIn(message: string): Partial<BundleRow> {
  const found: Record<string, unknown> = {}
  for (const [name, value] of pairsIn(message)) {
    const field = fieldOfPair(name)
    const told = field === undefined ? undefined : valueOfPair(field, plain(name), value)
    if (field !== undefined && told !== undefined) found[field] ??= told
  }
  return { ...requestIn(message), ...found }
}

function valueOfPair(field: FieldName, bare: string, value: string): string | number | undefined {
  if (field === 'attempt' || field === 'bytes') return /^\d+$/.test(value) ? Number(value) : undefined
  if (field !== 'durationMs') return value
  if (bare.endsWith('ms')) return value === '' || !Number.isFinite(Number(value)) ? undefined : Number(value)
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|)$/.exec(value) ?? []
  if (number === '') return undefined
  if (unit !== '') return Math.round(Number(number) * (unit === 's' ? 1000 : 1))
  // nginx writes seconds without a unit, with three digits behind the point.
  return /^(rt|requesttime|urt|upstreamresponsetime)$/.test(bare) && number.includes('.')
    ? Math.round(Number(number) * 1000)
    : undefined
}
