import { count, csv, diceFrom, type Dice, type Files, jsonLines, log, utc } from './files.ts'

/** The report says “yesterday”: this day is made up. */
const startMs = Date.UTC(2026, 4, 18)
const hourMs = 3_600_000
const payments = 15
/** Of the 15, by place: four were turned away, three ran into the sender's limit. They lie among those that arrived. */
const refused = new Map([
  [2, 401],
  [5, 403],
  [8, 401],
  [12, 429],
])
const slow = [4, 9, 13]
/** The report asks whether the receiver answers within 5 seconds. */
const senderLimitMs = 5000

interface Payment {
  readonly id: string
  readonly policy: string
  readonly atMs: number
  readonly amount: number
}

/** Payments that are completed at the provider, and webhooks of which a part never came. */
export function webhooks(): Files {
  const dice = diceFrom(15)
  const all = count(payments).map((at) => ({
    id: `PAY-${3301 + at}`,
    policy: `POL-${8801 + at}`,
    atMs: startMs + 8 * hourMs + at * 36 * 60_000 + dice.whole(0, 900_000),
    amount: dice.whole(10, 90) * 500,
  }))
  const isLost = (at: number): boolean => refused.has(at) || slow.includes(at)
  return {
    'payments.csv': csv(
      ['initiated_at', 'payment_id', 'amount_minor', 'payment_status'],
      all.map(({ atMs, id, amount }) => [utc(atMs), id, amount, 'completed']),
    ),
    'deliveries.csv': deliveries(all, dice),
    'callbacks.csv': csv(
      ['received_at', 'payment_id', 'callback_id', 'policy'],
      all
        .filter((_, at) => !isLost(at))
        .map(({ atMs, id, policy }, at) => [utc(atMs + 3400), id, `CB-${410 + at}`, policy]),
    ),
    'receiver-log.txt': log(receiverLog(dice)),
    'changes.jsonl': jsonLines(changes),
  }
}

/** One attempt each: the sender does not try again. */
function deliveries(all: readonly Payment[], dice: Dice): string {
  const rows = all.map(({ atMs, id }, at) => {
    const isSlow = slow.includes(at)
    return [
      utc(atMs + 3000),
      id,
      'payment.completed',
      '/webhooks/payment',
      1,
      isSlow ? 'timeout' : (refused.get(at) ?? 200),
      isSlow ? senderLimitMs : dice.whole(90, 700),
    ]
  })
  return csv(['sent_at', 'payment_id', 'event_type', 'endpoint', 'attempt', 'status', 'duration_ms'], rows)
}

/** What the receiver logs on any day. */
function receiverLog(dice: Dice): readonly (readonly [number, string])[] {
  return count(48).map((at) => [
    startMs + at * 1_800_000 + dice.whole(0, 1_700_000),
    dice.oneOf([
      'INFO policies.nightly list of policies written',
      'INFO health all pods ready',
      'WARN documents.pdf a scan is larger than 10 pages',
      'ERROR newsletter an address has no domain',
    ]),
  ])
}

const changes = [
  {
    at: '2026-05-15T09:30:00.000Z',
    name: 'quotes-service 3.9.0',
    kind: 'deploy',
    text: 'rounding of quotes for bicycles',
  },
]
