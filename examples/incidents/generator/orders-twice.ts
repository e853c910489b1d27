import { count, csv, diceFrom, type Dice, type Files, jsonLines, log, utc } from './files.ts'

/** The report names no day: this one is made up. */
const startMs = Date.UTC(2026, 3, 15)
const minuteMs = 60_000
const minutesOfDay = 1440
const quiet = 15
/** Minutes in which traffic rises and the pool to the payment provider runs full: of most of them nothing comes. */
const spikes = [492, 571, 655, 748, 829, 911, 1042, 1117, 1203]
/** A few orders in the day are done twice, each in a spike. */
const doubled = new Map([
  [492, 31],
  [655, 44],
  [829, 12],
  [1042, 27],
  [1203, 50],
])
const workers = count(12).map((at) => `worker-${String(at + 1).padStart(2, '0')}`)

interface Handled {
  readonly order: string
  readonly atMicros: number
  readonly worker: string
  readonly durationMs: number
}

interface Double {
  readonly first: Handled
  readonly second: Handled
}

/** Orders that are processed twice, a few a day of tens of thousands. */
export function ordersTwice(): Files {
  const dice = diceFrom(40)
  const { requests, doubles } = trafficOf(dice)
  return {
    'requests.csv.gz': csv(
      ['at', 'order_id', 'worker_id', 'seen_before', 'duration_ms'],
      requests.map(({ order, atMicros, worker, durationMs }) => [
        micros(atMicros),
        order,
        worker,
        'no',
        durationMs,
      ]),
    ),
    'captures.csv.gz': captures(requests),
    'app-log.txt': log(appLog(doubles, dice)),
    'metrics.csv.gz': metrics(requests, dice),
    'changes.jsonl': jsonLines(changes),
  }
}

/** `2026-04-15T08:12:31.123456Z` */
function micros(value: number): string {
  return `${utc(Math.floor(value / 1000)).slice(0, -1)}${String(value % 1000).padStart(3, '0')}Z`
}

function trafficOf(dice: Dice): {
  readonly requests: readonly Handled[]
  readonly doubles: readonly Double[]
} {
  const requests: Handled[] = []
  const doubles: Double[] = []
  let order = 480_000
  for (const minute of count(minutesOfDay)) {
    const isSpike = spikes.includes(minute)
    const orders = isSpike ? dice.whole(58, 70) : quiet + dice.whole(-4, 4)
    for (const at of count(orders)) {
      const first: Handled = {
        order: `ORD-${order++}`,
        atMicros:
          (startMs + minute * minuteMs) * 1000 +
          Math.floor((at / orders) * 60_000_000) +
          dice.whole(0, 700_000),
        worker: dice.oneOf(workers),
        durationMs: isSpike ? dice.whole(1400, 3900) : dice.whole(90, 420),
      }
      requests.push(first)
      if (doubled.get(minute) !== at) continue
      const second = {
        ...first,
        atMicros: first.atMicros + 40_000 + dice.whole(-3000, 3000),
        worker: dice.oneOf(workers.filter((worker) => worker !== first.worker)),
        durationMs: first.durationMs + dice.whole(-4, 4),
      }
      requests.push(second)
      doubles.push({ first, second })
    }
  }
  return { requests: requests.toSorted((a, b) => a.atMicros - b.atMicros), doubles }
}

/** What the payment provider lists. */
function captures(requests: readonly Handled[]): string {
  const done = requests
    .map(({ order, atMicros, worker, durationMs }) => ({
      ms: Math.floor(atMicros / 1000) + Math.floor(durationMs * 0.8),
      order,
      worker,
    }))
    .toSorted((a, b) => a.ms - b.ms)
  return csv(
    ['captured_at', 'capture_id', 'order_id', 'worker_id'],
    done.map(({ ms, order, worker }, at) => [utc(ms), `cap_${910_000 + at}`, order, worker]),
  )
}

/** Of each doubled order what both workers did before the second row was refused; and errors of every day. */
function appLog(doubles: readonly Double[], dice: Dice): readonly (readonly [number, string])[] {
  const told = doubles.flatMap(({ first, second }) => {
    const endMs = (one: Handled): number => Math.floor(one.atMicros / 1000) + one.durationMs
    const done = [first, second].flatMap((one): (readonly [number, string])[] => [
      [endMs(one) - 12, `INFO orders.mail sent order_id=${one.order} worker_id=${one.worker}`],
      [endMs(one) - 8, `INFO orders.events published order_id=${one.order} worker_id=${one.worker}`],
    ])
    const last = endMs(first) > endMs(second) ? first : second
    return [
      ...done,
      [
        endMs(last) - 2,
        `ERROR orders.store order_id=${last.order} worker_id=${last.worker} duplicate key value violates unique constraint "orders_order_id_key"`,
      ] as const,
    ]
  })
  const usual = count(24).map((hour): readonly [number, string] => [
    startMs + hour * 60 * minuteMs + dice.whole(0, 59 * minuteMs),
    dice.oneOf([
      'WARN catalog.images no thumbnail for a product, the default is shown',
      'ERROR newsletter an address has no domain',
      'INFO certificates all are valid for more than 30 days',
    ]),
  ])
  return [...told, ...usual]
}

/** Each minute: what part of the pool is in use and how many wait for it. The report gives no size of the pool. */
function metrics(requests: readonly Handled[], dice: Dice): string {
  const perMinute = Map.groupBy(requests, ({ atMicros }) => Math.floor(atMicros / 1000 / minuteMs))
  const rows = count(minutesOfDay).flatMap((minute) => {
    const ms = startMs + minute * minuteMs
    const isFull = spikes.includes(minute)
    return [
      ['payment_client_pool_used_ratio', isFull ? 1 : dice.whole(8, 55) / 100],
      ['payment_client_pool_waiting', isFull ? dice.whole(6, 21) : 0],
      ['orders_per_minute', perMinute.get(ms / minuteMs)?.length ?? 0],
    ].map((sample) => [utc(ms), ...sample])
  })
  return csv(['at', 'name', 'value'], rows)
}

const changes = [
  {
    at: '2026-04-13T10:05:00.000Z',
    name: 'storefront 7.3.0',
    kind: 'deploy',
    text: 'new carousel on the first page',
  },
  { at: '2026-04-14T15:40:00.000Z', name: 'gift_notes', kind: 'flag', text: 'turned on for all customers' },
]
