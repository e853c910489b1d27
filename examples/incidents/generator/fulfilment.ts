import { count, csv, diceFrom, type Dice, type Files, jsonLines, log, utc } from './files.ts'

const minuteMs = 60_000
const fromMs = Date.UTC(2026, 1, 5)
const firstSendMs = Date.UTC(2026, 1, 7, 13, 42)
/** Between the two sends of a batch. */
const gapMs = 5 * minuteMs
const endMs = Date.UTC(2026, 1, 7, 14, 32)
const partners = ['ShipCo', 'FastFreight', 'PackLogic'] as const
const receiveLimitBytes = 4_194_304
/** Batches above 100 orders, with their sizes when sent; the 99th percentile of all batches is 6,800,000. */
const largeBytes = [5_912_000, 6_204_000, 6_371_000, 6_540_000, 6_800_000, 6_931_000, 7_118_000]
const largeOrders = 121
const quietBatches = 217
const doubledBatches = 23
const skus = 1100

interface Batch {
  readonly id: string
  readonly atMs: number
  readonly partner: string
  readonly orders: number
  readonly sentBytes: number
  readonly isDoubled: boolean
}

/** Storefront outage and double dispatches to three partners. */
export function fulfilment(): Files {
  const dice = diceFrom(847)
  const batches = batchesOf(dice)
  return {
    'dispatches.csv': dispatches(batches, dice),
    'orders.csv.gz': orders(batches, dice),
    'stock.csv': stock(dice),
    'metrics.csv': metrics(dice),
    'changes.jsonl': jsonLines(changes),
    'alerts.csv': csv(['at', 'name', 'title'], alerts),
    'pods.csv': pods(),
    'app-log.txt': appLog(batches, dice),
  }
}

function batchesOf(dice: Dice): readonly Batch[] {
  const large = new Map(largeBytes.map((bytes, at) => [at < 5 ? 30 + at * 38 : 212 + at, bytes]))
  return count(quietBatches + doubledBatches).map((at) => {
    const isDoubled = at >= quietBatches
    const small = dice.whole(22, 98)
    const bytes = large.get(at)
    return {
      id: `B-${20_400 + at}`,
      atMs: isDoubled
        ? firstSendMs + (at - quietBatches) * 1900 + dice.whole(0, 900)
        : fromMs + at * 17 * minuteMs + dice.whole(0, 9 * minuteMs),
      partner: partners[at % partners.length] ?? partners[0],
      orders: bytes === undefined ? small : largeOrders,
      sentBytes: bytes ?? small * dice.whole(35_000, 41_000),
      isDoubled,
    }
  })
}

/** The key is the second of the attempt and a number that counts within it. */
function keyAt(ms: number): string {
  return `dispatch-${Math.floor(ms / 1000)}-${String(ms % 1000).padStart(3, '0')}`
}

interface Attempt {
  readonly batch: Batch
  readonly attempt: number
  readonly atMs: number
}

function attemptsOf(batches: readonly Batch[], dice: Dice): readonly Attempt[] {
  return batches
    .flatMap((batch) => {
      const first = { batch, attempt: 1, atMs: batch.atMs }
      const second = { batch, attempt: 2, atMs: batch.atMs + gapMs + dice.whole(20, 700) }
      return batch.isDoubled ? [first, second] : [first]
    })
    .toSorted((a, b) => a.atMs - b.atMs)
}

function dispatches(batches: readonly Batch[], dice: Dice): string {
  const digests = new Map(batches.map(({ id }) => [id, dice.hex(16)]))
  const rows = attemptsOf(batches, dice).map(({ batch, attempt, atMs }, at) => [
    utc(atMs),
    batch.id,
    keyAt(atMs),
    `RCV-${71_000 + at}`,
    digests.get(batch.id),
    batch.partner,
    attempt,
    batch.orders,
    202,
  ])
  return csv(
    [
      'accepted_at',
      'batch_id',
      'idempotency_key',
      'receipt_id',
      'batch_digest',
      'partner',
      'attempt',
      'orders',
      'status',
    ],
    rows,
  )
}

/** Each order as it was after decoding. */
function orders(batches: readonly Batch[], dice: Dice): string {
  let held = 0
  const rows = batches.flatMap((batch, place) => {
    const isCut = batch.sentBytes > receiveLimitBytes
    return count(batch.orders).map((at) => [
      utc(batch.atMs - 40_000),
      `O-${place}-${at}`,
      batch.id,
      batch.orders,
      Math.min(batch.sentBytes, receiveLimitBytes),
      skuOf(isCut ? held++ : dice.whole(0, skus - 1)),
      isCut ? undefined : String(dice.chance(0.04)),
    ])
  })
  return csv(
    [
      'decoded_at',
      'order_id',
      'batch_id',
      'orders_in_batch',
      'message_bytes_received',
      'sku',
      'hold_for_review',
    ],
    rows,
  )
}

function skuOf(at: number): string {
  return `SKU-${String(at + 1).padStart(4, '0')}`
}

/** One count of the warehouse, when the breaker tripped. The 847 that are negative come first. */
function stock(dice: Dice): string {
  const at = utc(firstSendMs + gapMs)
  const held = largeBytes.length * largeOrders
  const rows = count(skus).map((sku) => [
    at,
    'stock_on_hand',
    skuOf(sku),
    sku < held ? -dice.whole(1, 24) : dice.whole(0, 380),
  ])
  return csv(['at', 'name', 'sku', 'value'], rows)
}

function metrics(dice: Dice): string {
  const startMs = Date.UTC(2026, 1, 7, 12, 32)
  const rows = count(25).flatMap((at) => {
    const ms = startMs + at * 5 * minuteMs
    const isOpen = ms >= firstSendMs + gapMs
    return [
      ['grpc_server_msg_received_size_bytes', 'p99', receiveLimitBytes],
      ['fulfillment_batch_size_bytes', 'p99', 6_800_000],
      ['inventory_negative_stock_skus', '', isOpen ? 847 : 0],
      ['storefront_circuit_breaker_state', '', isOpen ? 1 : 0],
      ['node_netstat_tcp_retrans_rate', '', dice.whole(1, 5) / 100],
      ['promo_banner_render_errors', '', dice.whole(0, 3)],
    ].map((sample) => [utc(ms), ...sample])
  })
  return csv(['at', 'name', 'quantile', 'value'], rows)
}

/** Of these the report gives the day alone. */
const changes = [
  {
    at: '2026-01-22T00:00:00.000Z',
    name: 'batch_retry_enabled',
    kind: 'flag',
    text: 'FULFILL-895: batch retries with exponential backoff turned on',
  },
  {
    at: '2026-01-23T00:00:00.000Z',
    name: 'idempotency_key_format_v2',
    kind: 'flag',
    text: 'FULFILL-890: keys of dispatches are made from timestamps, no longer UUIDs',
  },
  { at: '2026-01-23T00:00:00.000Z', name: 'fulfillment_webhook_async', kind: 'flag', text: 'turned on' },
  {
    at: '2026-01-24T00:00:00.000Z',
    name: 'apply-tcp-tuning',
    kind: 'config',
    text: 'INFRA-3101, CI run 10100: tcp_wmem and tcp_rmem max reduced from 16 MB to 4 MB on 12 nodes, about 2 GB of memory saved on each; tested with an HTTP/1.1 load test, not with gRPC streaming',
  },
  {
    at: '2026-01-28T00:00:00.000Z',
    name: 'circuit-breaker-threshold',
    kind: 'config',
    text: 'PLAT-925: threshold of the inventory breaker adjusted',
  },
  {
    at: '2026-02-01T00:00:00.000Z',
    name: 'order-processing-service',
    kind: 'deploy',
    text: 'CI run 10200: routine deploy',
  },
]

const alerts = [
  [
    '2026-02-05T00:00:00.000Z',
    'OPS-1848',
    'hold_for_review absent after decoding, the parser returned no error (day as reported)',
  ],
  ['2026-02-07T13:42:00.000Z', 'OPS-1847', 'first duplicate batch dispatch detected'],
  ['2026-02-07T13:47:00.000Z', 'PD-78901', 'circuit breaker of inventory-service open'],
  ['2026-02-07T13:49:00.000Z', 'PD-78902', '23 duplicate batch dispatches at 3 partners'],
]

function pods(): string {
  const names = ['order-processing', 'fulfillment-webhook', 'inventory-service', 'storefront']
  const rows = names.flatMap((name) =>
    count(3).map((at) => [utc(firstSendMs + 10 * minuteMs), `${name}-${at}`, 'ready', 'passing']),
  )
  return csv(['at', 'name', 'kind', 'probe'], rows)
}

/** What webhooks sent in the two minutes in question, health checks, and errors that are always there. */
function appLog(batches: readonly Batch[], dice: Dice): string {
  const sent = attemptsOf(
    batches.filter(({ isDoubled }) => isDoubled),
    diceFrom(23),
  ).map(({ batch, attempt, atMs }): [number, string] => [
    atMs,
    `INFO webhook.dispatch sent batch_id=${batch.id} partner=${batch.partner} attempt=${attempt} orders=${batch.orders}`,
  ])
  const startMs = Date.UTC(2026, 1, 7, 12, 32)
  const minutes = count((endMs - startMs) / minuteMs)
  const health = minutes
    .filter((minute) => minute % 5 === 0)
    .map((minute): [number, string] => [
      startMs + minute * minuteMs + 59_000,
      'INFO grpc.health service=order-processing health check passing',
    ])
  const usual = minutes.flatMap((minute): [number, string][] =>
    dice.chance(0.12)
      ? [[startMs + minute * minuteMs + dice.whole(0, 59_000), dice.oneOf(usualTrouble)]]
      : [],
  )
  return log([...sent, ...health, ...usual])
}

const usualTrouble = [
  'WARN promo.banner no banner for this locale, the default is shown',
  'ERROR thumbnails image of a product has an unknown format',
  'WARN search.suggest index is two minutes behind, old suggestions served',
]
