import { count, csv, diceFrom, type Dice, type Files, jsonLines, log } from './files.ts'

const run = '2026-06-03T02:00'
const drafts = 46_217
const duplicates = 1842
/** The night before, so that this one has 4.1 % more rows. */
const draftsBefore = 44_397
const [firstDoubled, lastDoubled, segments] = [7, 12, 36]

/** Wall time of 3 June: the report's times are local, on that day two hours ahead of UTC. */
function local(hour: number, minute: number, second: number): number {
  return Date.UTC(2026, 5, 3, hour, minute, second)
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

function withOffset(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+02:00`
}

/** Duplicate invoice drafts in the overnight run, across a failover of the database. */
export function overnight(): Files {
  const dice = diceFrom(1842)
  return {
    'drafts.csv.gz': draftRows(dice),
    'batch-billing-log.txt': log(billingLines(), stamp),
    'reconciliation-log.txt': log(reconciliationLines, stamp),
    'changes.jsonl': jsonLines(changes),
    'alerts.csv': csv(['at', 'name', 'title'], alerts),
    'metrics.csv': metrics(dice),
  }
}

/** How many orders each segment holds: 7 to 12 together as many as there are duplicates. */
function sizesOf(dice: Dice): readonly number[] {
  const doubled = parts(duplicates, lastDoubled - firstDoubled + 1, dice)
  const others = parts(drafts - 2 * duplicates, segments - doubled.length, dice)
  return [...others.slice(0, firstDoubled - 1), ...doubled, ...others.slice(firstDoubled - 1)]
}

/** `total` in uneven parts, each within a tenth of the mean. */
function parts(total: number, length: number, dice: Dice): readonly number[] {
  const mean = Math.floor(total / length)
  const sizes = count(length - 1).map(() => mean + dice.whole(-Math.floor(mean / 10), Math.floor(mean / 10)))
  return [...sizes, total - sizes.reduce((sum, size) => sum + size, 0)]
}

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

const beforeFailover: Span = { fromMs: local(2, 0, 20), toMs: local(2, 13, 20) }
const inFailover: Span = { fromMs: local(2, 13, 25), toMs: local(2, 14, 51) }
const secondAttempt: Span = { fromMs: local(2, 15, 11), toMs: local(2, 16, 44) }
const afterwards: Span = { fromMs: local(2, 16, 46), toMs: local(2, 58, 39) }

interface Draft {
  readonly segment: number
  readonly order: number
  readonly amount: number
}

function draftRows(dice: Dice): string {
  const all: Draft[] = []
  for (const [at, size] of sizesOf(dice).entries())
    for (const _ of count(size))
      all.push({ segment: at + 1, order: 700_000 + all.length, amount: dice.whole(2, 9) * 1500 })
  const isDoubled = ({ segment }: Draft): boolean => segment >= firstDoubled && segment <= lastDoubled
  const doubled = all.filter(isDoubled)
  const written = [
    ...spread(
      all.filter(({ segment }) => segment < firstDoubled),
      beforeFailover,
    ),
    ...spread(doubled, inFailover),
    ...spread(doubled, secondAttempt),
    ...spread(
      all.filter(({ segment }) => segment > lastDoubled),
      afterwards,
    ),
  ]
  return csv(
    ['created_at', 'draft_id', 'order_ref', 'segment', 'run_id', 'amount_minor'],
    written.map(({ ms, draft }, at) => [
      stamp(ms),
      `DR-${310_000 + at}`,
      `ORD-${draft.order}`,
      draft.segment,
      run,
      draft.amount,
    ]),
  )
}

function spread(list: readonly Draft[], { fromMs, toMs }: Span): readonly { ms: number; draft: Draft }[] {
  const stepMs = (toMs - fromMs) / list.length
  return list.map((draft, at) => ({ ms: Math.floor(fromMs + at * stepMs), draft }))
}

/** The lines that the report gives, at their seconds, among those of an ordinary night. */
function billingLines(): readonly (readonly [number, string])[] {
  const reported: readonly (readonly [number, string])[] = [
    [local(2, 14, 52), 'ERROR db.pool connection reset by peer (orders-primary); 38 conns dropped'],
    [local(2, 14, 55), 'WARN retry.wrapper stage=invoice-generation attempt=1 failed: ConnectionError'],
    [local(2, 15, 9), 'INFO db.pool reconnected to orders-primary (now: standby-2, post-failover)'],
    [local(2, 15, 10), 'WARN retry.wrapper stage=invoice-generation attempt=2 starting (segments 7-12)'],
    [local(2, 15, 10), 'WARN retry.wrapper no idempotency key configured for stage; re-running whole stage'],
    [local(2, 58, 41), `INFO run.controller run ${run} finished status=SUCCESS rows=46,217 (+4.1%)`],
  ]
  const usual = count(11).map((at): readonly [number, string] => [
    local(2, 3 + at * 5, 17),
    `INFO tax.rates table of rates is current, ${20 + (at % 3)} countries`,
  ])
  return [
    ...reported,
    ...usual,
    [local(2, 7, 41), 'WARN pdf.preview a logo is larger than its frame and was scaled'],
    [local(2, 33, 12), 'WARN pdf.preview a logo is larger than its frame and was scaled'],
    [local(2, 41, 3), 'ERROR mail.preview template of locale pt-BR has an unknown placeholder'],
  ]
}

const reconciliationLines: readonly (readonly [number, string])[] = [
  [local(4, 30, 0), 'INFO recon.invoice check started, drafts against source orders'],
  [local(4, 36, 2), 'ALERT recon.invoice 1,842 draft invoices share order_ref with another draft'],
  [local(4, 36, 2), `ALERT recon.invoice affected segments: 7,8,9,10,11,12; run_id=${run}`],
  [local(4, 36, 3), 'INFO recon.invoice dispatch queue state: HELD until 07:00 window; no drafts sent'],
  [local(4, 36, 4), 'INFO pager paging billing on-call; policy=sev-undetermined'],
]

const changes = [
  {
    at: withOffset(Date.UTC(2026, 5, 1, 11, 20)),
    name: 'order-gateway 5.14.0',
    kind: 'deploy',
    text: 'routine deploy: new page of order history',
  },
  {
    at: withOffset(Date.UTC(2026, 5, 2, 16, 5)),
    name: 'invoice_footer_2026',
    kind: 'flag',
    text: 'new footer on previews, turned on',
  },
]

const alerts = [
  [withOffset(local(4, 36, 2)), 'recon.invoice', '1,842 draft invoices share order_ref with another draft'],
  [withOffset(local(1, 12, 0)), 'disk.free', 'build host has less than 20 % free, cleared by itself'],
]

/** Rows of the run on this night and the one before, and the load of a host that has nothing to do with it. */
function metrics(dice: Dice): string {
  const host = count(42).map((at) => [
    withOffset(local(2, 0, 0) + at * 300_000),
    'report_host_cpu_percent',
    dice.whole(11, 38),
  ])
  return csv(
    ['at', 'name', 'value'],
    [
      [withOffset(local(2, 58, 41) - 86_400_000), 'invoice_run_rows', draftsBefore],
      [withOffset(local(2, 58, 41)), 'invoice_run_rows', drafts],
      ...host,
    ],
  )
}
