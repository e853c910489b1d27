import { OncewardError } from '../../kernel/errors.ts'
import { requireColumn } from '../sources/nearest.ts'
import type { Column, Source } from '../sources/source.ts'
import { isAmount } from '../values/amount.ts'
import { timeStyleOf } from '../values/instant.ts'
import type { AuditSettings } from './options.ts'
import type { Role } from './report.ts'

/** Which column plays which part. */
export interface Roles {
  readonly ref: readonly string[]
  readonly effect?: string
  readonly key?: string
  readonly at?: string
  readonly amount?: string
  readonly worker?: string
  readonly segment?: string
  readonly guessed: readonly { readonly role: Role; readonly column: string }[]
}

type SingleRole = Exclude<Role, 'ref'>

/** Names as people write them, the likeliest first. `_`, `-`, dots and capitals make no difference. */
const names: Readonly<Record<Role, readonly string[]>> = {
  ref: words(`
    ref orderref orderreference reference businessref orderid orderno ordernumber order invoiceref
    bookingref bookingid paymentref batchid eventid subject invoiceno invoicenumber jobref messageref
    entityid invoiceid paymentid transactionid messageid deliveryid shipmentid chargeid customerref
    accountref customerid
  `),
  effect: words(`
    effect effectid chargeid charge draftid invoiceid paymentid transactionid txid txnid refundid
    shipmentid dispatchid transferid payoutid messageid deliveryid providerid externalid
    registrationid id
  `),
  key: words('idempotencykey key idemkey effectkey requestkey dedupekey dedupkey repeatabilityrequestid'),
  at: words(`
    at createdat timestamp time occurredat sentat ts datetime created chargedat dispatchedat
    receivedat processedat insertedat eventtime createdon date
  `),
  amount: words('amount amountminor amountcents total totalamount value price sum grossamount netamount'),
  worker: words('worker workerid host hostname pod node instance instanceid podname processid pid'),
  segment: words('segment segmentid segmentno partition shard chunk page split slice'),
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

const single: readonly SingleRole[] = ['effect', 'key', 'at', 'amount', 'worker', 'segment']

/**
 * The columns as they were named, the others guessed from their names, where what stands in them agrees. Throws
 * `OPTION_INVALID` for a column that is not there, and where nothing looks like a reference.
 */
export function rolesOf(source: Source, settings: AuditSettings): Roles {
  const at = { columns: source.columns, source: source.name }
  for (const column of settings.ref ?? []) requireColumn(column, '--ref', at)
  for (const column of settings.ignore) requireColumn(column, '--ignore', at)
  const taken = new Set<string>(settings.ref ?? [])
  const chosen: Partial<Record<SingleRole, string>> = {}
  for (const role of single) {
    const column = settings.named[role]
    if (column === undefined || column === 'none') continue
    requireColumn(column, `--${role}`, at)
    chosen[role] = column
    taken.add(column)
  }
  const guessed: { role: Role; column: string }[] = []
  const ref = settings.ref ?? [guessRef(source, taken)]
  if (settings.ref === undefined) for (const column of ref) guessed.push({ role: 'ref', column })
  for (const column of ref) taken.add(column)
  for (const role of single) {
    if (settings.named[role] !== undefined) continue
    const column = guess(role, source, new Set([...taken, ...settings.ignore]))
    if (column === undefined) continue
    chosen[role] = column
    taken.add(column)
    guessed.push({ role, column })
  }
  return { ref, ...chosen, guessed }
}

function guessRef(source: Source, taken: ReadonlySet<string>): string {
  const column = guess('ref', source, taken)
  if (column !== undefined) return column
  const shown = source.columns
    .slice(0, 30)
    .map(({ name }) => JSON.stringify(name))
    .join(', ')
  throw new OncewardError(
    'OPTION_INVALID',
    `--ref is needed: no column of ${source.name} looks like a reference. Say which names the thing that must happen once; it has ${shown}.`,
  )
}

function guess(role: Role, source: Source, taken: ReadonlySet<string>): string | undefined {
  for (const name of names[role]) {
    const column = source.columns.find(
      (one) => plain(one.name) === name && !taken.has(one.name) && one.isRepeated !== true,
    )
    if (column !== undefined && agrees(role, source, column)) return column.name
  }
  return undefined
}

function plain(name: string): string {
  const last = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : name
  return last.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** A column called `value` that holds words is no amount. */
function agrees(role: Role, source: Source, column: Column): boolean {
  if (source.sample.length === 0) return true
  const place = source.columns.indexOf(column)
  const values = source.sample.flatMap((row) => row[place] ?? [])
  if (role === 'ref') return isMostlyOnce(values)
  if (role === 'at') return column.type === 'time' || timeStyleOf(values) !== undefined
  if (role === 'amount') return values.length > 0 && values.filter(isAmount).length >= values.length * 0.8
  if (role === 'segment') return values.length > 0 && values.every((value) => /\d+$/.test(value))
  return column.type !== 'empty'
}

/** What comes many times each, as a customer does, is not what must happen once. */
function isMostlyOnce(values: readonly string[]): boolean {
  return values.length < 20 || new Set(values).size >= values.length * 0.3
}

/** Columns that change from attempt to attempt by their nature. They are said, and taken out of the payload. */
const volatilePattern =
  /^(id|rowid|uuid|createdat|updatedat|insertedat|modifiedat|receivedat|processedat|sentat|timestamp|ts|attempt|attempts|attemptno|retry|retries|retrycount|requestid|traceid|spanid|correlationid|sessionid|runid|run|jobid|host|hostname|pod|node|pid|version|etag|durationms|latencyms|loggedat)$/

/** A moment at which something was done; a due date is not one, and tells wishes apart. */
const momentPattern = /(at|time|timestamp|ts)$/

export function volatileColumns(source: Source, roles: Roles): string[] {
  const used = new Set(usedColumns(roles))
  return source.columns.flatMap(({ name, type }) =>
    !used.has(name) &&
    (volatilePattern.test(plain(name)) || (type === 'time' && momentPattern.test(plain(name))))
      ? [name]
      : [],
  )
}

function usedColumns(roles: Roles): string[] {
  return [...roles.ref, ...single.flatMap((role) => roles[role] ?? [])]
}

export function roleOf(roles: Roles, column: string): Role | undefined {
  if (roles.ref.includes(column)) return 'ref'
  return single.find((role) => roles[role] === column)
}
