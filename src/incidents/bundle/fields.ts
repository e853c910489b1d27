import { requireColumn } from '../../reconcile/sources/nearest.ts'
import type { Column, Row } from '../../reconcile/sources/source.ts'
import { timeStyleOf } from '../../reconcile/values/instant.ts'
import type { SourceKind } from '../model.ts'
import { type FieldName, fieldNames, type SourceSpec } from './manifest.ts'

export type FieldMap = Readonly<Partial<Record<FieldName, string>>>

export interface Sampled {
  readonly name: string
  readonly columns: readonly Column[]
  readonly sample: readonly Row[]
}

/** Names as people write them, the likeliest first. `_`, `-`, dots and capitals make no difference. */
const names: Readonly<Record<FieldName, readonly string[]>> = {
  at: words(
    'at timestamp time ts datetime @timestamp createdat occurredat sentat receivedat startedat loggedat created chargedat dispatchedat processedat insertedat requestedat deliveredat eventtime date',
  ),
  ref: words(
    'ref orderref orderid order reference businessref invoiceref bookingref paymentref batchref batchid customerref subject customerid orderno ordernumber invoiceno accountref entityid jobref messageref',
  ),
  key: words('key idempotencykey idemkey dedupekey dedupkey requestkey effectkey repeatabilityrequestid'),
  effect: words(
    'effect effectid chargeid draftid invoiceid paymentid transactionid txid refundid shipmentid dispatchid transferid payoutid messageid providerid externalid registrationid id',
  ),
  payload: words('payload body requestbody input content data payloadhash bodyhash digest payloadsha256'),
  worker: words('worker workerid thread threadid instance instanceid task taskid pid processid pod podname'),
  host: words('host hostname node nodename server machine pod podname'),
  version: words('version release build appversion serviceversion imagetag commit'),
  status: words('status statuscode httpstatus responsestatus code responsecode outcome state'),
  level: words('level severity loglevel lvl'),
  message: words('message msg log text line event'),
  durationMs: words('durationms latencyms elapsedms tookms responsetimems responsetime'),
  bytes: words('bytes size sizebytes bodybytes contentlength messagesize messagebytes payloadbytes length'),
  attempt: words('attempt attemptno attempts attemptnumber retry retrycount retries try'),
  segment: words('segment segmentid segmentno partition shard chunk page split slice'),
  run: words('run runid jobrun jobrunid executionid jobid batchrun'),
  endpoint: words('endpoint url path route uri target destination channel webhookurl queue topic'),
  event: words('event eventid messageid deliveryid'),
  kind: words('kind type eventtype action operation'),
  name: words('name metric changename flag title job alert'),
  value: words('value amount metricvalue new to'),
  session: words('session sessionid sid clientid userid browserid'),
}

function words(text: string): readonly string[] {
  return text.split(' ')
}

/** What is never guessed for a kind, because the name means another thing there. */
const unlikely: Readonly<Partial<Record<SourceKind, readonly FieldName[]>>> = {
  log: ['value', 'name'],
  metrics: ['ref', 'effect', 'key', 'message', 'event', 'payload', 'session'],
  changes: ['ref', 'effect', 'key', 'event', 'payload', 'session', 'bytes'],
  alerts: ['ref', 'effect', 'key', 'event', 'payload', 'session', 'bytes'],
  processes: ['ref', 'effect', 'key', 'payload', 'session', 'bytes'],
  effects: ['value', 'message', 'level'],
  requests: ['value', 'level', 'name'],
  deliveries: ['value', 'level', 'name'],
  ledger: ['value', 'level', 'name'],
}

const numbers: ReadonlySet<FieldName> = new Set(['durationMs', 'bytes', 'attempt'])
/** One column may be both: a pod is host and worker, an event id may be the delivery's reference. */
const shared: readonly (readonly [FieldName, FieldName])[] = [['worker', 'host']]

export interface Mapped {
  readonly map: FieldMap
  /** Said to the reader. */
  readonly guessed: readonly { readonly field: FieldName; readonly column: string }[]
}

/** The columns as they were mapped, the others by their names. Throws `OPTION_INVALID` for a column that is not there. */
export function mapFields(
  source: Sampled,
  { kind, map: given }: Pick<SourceSpec, 'kind' | 'map'>,
  option: string,
): Mapped {
  const map: Partial<Record<FieldName, string>> = {}
  const taken = new Set<string>()
  for (const field of fieldNames) {
    const column = given[field]
    if (column === undefined) continue
    requireColumn(column, `${option}.map.${field}`, { columns: source.columns, source: source.name })
    map[field] = column
    taken.add(column)
  }
  const guessed: { field: FieldName; column: string }[] = []
  for (const field of fieldNames) {
    if (map[field] !== undefined || unlikely[kind]?.includes(field) === true) continue
    const column = guess(field, source, { kind, taken })
    if (column === undefined) continue
    map[field] = column
    taken.add(column)
    guessed.push({ field, column })
  }
  for (const [one, other] of shared) {
    const column = map[one]
    if (map[other] !== undefined || column === undefined || !names[other].includes(plain(column))) continue
    map[other] = column
    guessed.push({ field: other, column })
  }
  return { map, guessed }
}

function guess(
  field: FieldName,
  source: Sampled,
  { kind, taken }: { readonly kind: SourceKind; readonly taken: ReadonlySet<string> },
): string | undefined {
  for (const name of names[field]) {
    // The bare id of a row is that of the effect only in a list of effects.
    if (name === 'id' && kind !== 'effects') continue
    const column = source.columns.find(
      (one) => plain(one.name) === name && !taken.has(one.name) && one.isRepeated !== true,
    )
    if (column !== undefined && agrees(field, source, column)) return column.name
  }
  return undefined
}

function agrees(field: FieldName, source: Sampled, column: Column): boolean {
  const place = source.columns.indexOf(column)
  const values = source.sample.flatMap((row) => row[place] ?? [])
  if (values.length === 0) return source.sample.length === 0
  if (field === 'at') return column.type === 'time' || timeStyleOf(values) !== undefined
  if (plain(column.name) === 'id') return new Set(values).size === values.length
  if (numbers.has(field)) return values.every((value) => Number.isFinite(Number(value)))
  return true
}

/** Without `_`, `-`, capitals, the path before it and what stands in brackets: `Created (UTC)` is `created`. */
export function plain(name: string): string {
  const bare = name.replaceAll(/\s*[([][^)\]]*[)\]]/g, '')
  const last = bare.includes('.') ? bare.slice(bare.lastIndexOf('.') + 1) : bare
  return last.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
