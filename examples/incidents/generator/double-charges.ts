import { count, csv, diceFrom, type Dice, type Files, jsonLines, log, utc } from './files.ts'

/** The report names hours and no day: this one is made up. */
const day = [2026, 2, 10] as const
const hourMs = 3_600_000
const startMs = time(12, 0)
const deployMs = time(13, 55)
const onsetMs = time(14, 20)
const endMs = time(19, 0)
const violationsAnHour = 40
const chargedTwice = 12
const usualFailures = 0.004

function time(hour: number, minute: number): number {
  return Date.UTC(...day, hour, minute)
}

/** Failing checkouts and double charges after more tasks were started. */
export function doubleCharges(): Files {
  const dice = diceFrom(281)
  const checkouts = checkoutsOf(dice)
  return {
    'checkout-access.csv.gz': csv(
      ['at', 'route', 'status', 'duration_ms'],
      checkouts.map(({ atMs, isFailed, durationMs }) => [
        utc(atMs),
        'POST /checkout',
        isFailed ? 500 : 201,
        durationMs,
      ]),
    ),
    'charges.csv.gz': charges(checkouts.length, dice),
    'violations.txt': log(violations(checkouts)),
    'metrics.csv': metrics(checkouts, dice),
    'changes.jsonl': jsonLines(changes),
    'code/create-order.js': createOrder,
  }
}

interface Checkout {
  readonly atMs: number
  readonly isFailed: boolean
  readonly durationMs: number
}

/** 300 an hour, and 800 in the peak from 14:00 to 19:00, where 40 an hour, one in twenty, fail from 14:20 on. */
function checkoutsOf(dice: Dice): readonly Checkout[] {
  const ordinary = count(7).flatMap((hour) => {
    const fromMs = startMs + hour * hourMs
    const perHour = fromMs < time(14, 0) ? 300 : 760
    return count(perHour).map(() => {
      const atMs = fromMs + dice.whole(0, hourMs - 1)
      return {
        atMs,
        isFailed: atMs < onsetMs && dice.chance(usualFailures),
        durationMs: dice.whole(180, 900),
      }
    })
  })
  // The first one comes at 14:20 to the minute, and 40 in each hour that follows.
  const stepMs = hourMs / violationsAnHour
  const failing = count(Math.floor((endMs - onsetMs) / stepMs)).map((at) => ({
    atMs: onsetMs + at * stepMs + dice.whole(0, at === 0 ? 50_000 : stepMs - 1),
    isFailed: true,
    durationMs: dice.whole(180, 900),
  }))
  return [...ordinary, ...failing].toSorted((a, b) => a.atMs - b.atMs)
}

/** What the provider paid out for, without times: its report has days. Each customer comes once, but for twelve. */
function charges(checkouts: number, dice: Dice): string {
  const customers = count(checkouts - chargedTwice).map((at) => ({
    customer: `cus_${dice.hex(10)}`,
    amount: dice.whole(4, 60) * 250,
    times: at % 367 === 200 ? 2 : 1,
  }))
  const rows = customers.flatMap(({ customer, amount, times }) =>
    count(times).map(() => [`ch_${dice.hex(14)}`, customer, amount]),
  )
  // In the order of their ids, which says nothing of when they were made.
  const sorted = rows.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  return csv(
    ['charge_id', 'customer', 'amount_minor', 'payout_day'],
    sorted.map((row) => [...row, '2026-03-10']),
  )
}

/** What a search for “duplicate key” found: one line for each failed checkout from 14:20 on. */
function violations(checkouts: readonly Checkout[]): readonly (readonly [number, string])[] {
  return checkouts
    .filter(({ atMs, isFailed }) => isFailed && atMs >= onsetMs)
    .map(({ atMs, durationMs }) => [
      atMs + durationMs,
      'ERROR checkout createOrder: duplicate key value violates unique constraint "orders_payment_id_key"',
    ])
}

function metrics(checkouts: readonly Checkout[], dice: Dice): string {
  const rows = count(85).flatMap((at) => {
    const ms = startMs + at * 300_000
    const inside = checkouts.filter(({ atMs }) => atMs >= ms && atMs < ms + 300_000)
    return [
      ['ecs_running_tasks', ms < deployMs ? 2 : 6],
      ['checkout_requests_per_minute', inside.length / 5],
      ['cdn_cache_hit_percent', dice.whole(91, 97)],
    ].map((sample) => [utc(ms), ...sample])
  })
  return csv(['at', 'name', 'value'], rows)
}

const changes = [
  { at: utc(time(9, 40)), name: 'search-service 4.2.0', kind: 'deploy', text: 'synonyms of product names' },
  { at: utc(time(11, 15)), name: 'new_footer', kind: 'flag', text: 'turned on for 10 % of visitors' },
  {
    at: utc(deployMs),
    name: 'v2.8.1',
    kind: 'deploy',
    text: 'checkout v2.8.1: ECS auto-scaling from 2 to 6 tasks',
  },
]

/** As the report shows it: the call of the provider first, its record after, and no key. */
const createOrder = `export async function createOrder(userId, cart) {
  const payment = await stripe.charges.create({ amount: cart.total, customer: userId })
  await db.orders.insert({ userId, items: cart.items, paymentId: payment.id })
  return payment
}
`
