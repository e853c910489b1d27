import { mixed, registrations, webhooks } from './stories-of-callers.ts'
import type { Story } from './story.ts'
import { at, type Cells, csv, jsonl, numbersFrom } from './bundle.ts'

const minute = 60
const hour = 3600
const day = 86_400

/** Batches sent again five minutes later under a key made of the time; large messages cut on the way. */
function fulfilment(): Story {
  const effects: Cells[] = []
  for (let batch = 0; batch < 120; batch++) {
    const first = batch * 2 * minute
    const sends = batch >= 60 && batch < 83 ? [first, first + 300] : [first]
    for (const [index, sent] of sends.entries())
      effects.push({
        batch_ref: `B-${1000 + batch}`,
        dispatch_id: `d-${batch}-${index}`,
        idempotency_key: `ff-${at(sent).slice(0, 19)}`,
        sent_at: at(sent),
        payload: JSON.stringify({ batch, lines: 3 }),
        partner: 'ShipCo',
      })
  }
  const random = numbersFrom(7)
  const messages = Array.from({ length: 200 }, (_, index) => {
    const orders = 20 + Math.floor(random() * 180)
    const bytes = Math.min(orders * 40_000, 4_194_304)
    return {
      at: at(index * 100),
      message_id: `m-${index}`,
      bytes,
      orders,
      hold_for_review: orders > 104 ? null : true,
    }
  })
  return {
    name: 'fulfilment: a key for each attempt, and fields lost with size',
    bundle: {
      sources: [
        { id: 'dispatches', kind: 'effects', path: 'dispatches.csv' },
        {
          id: 'messages',
          kind: 'deliveries',
          path: 'messages.jsonl',
          map: { at: 'at', ref: 'message_id', bytes: 'bytes', value: 'hold_for_review' },
        },
        { id: 'changes', kind: 'changes', path: 'changes.csv' },
        { id: 'metrics', kind: 'metrics', path: 'metrics.csv' },
      ],
      files: {
        'dispatches.csv': csv(effects),
        'messages.jsonl': jsonl(messages),
        'changes.csv': csv([
          {
            at: at(-16 * day),
            kind: 'flag',
            name: 'batch_retry_enabled',
            text: 'turned on: retries with exponential backoff',
          },
          {
            at: at(-15 * day),
            kind: 'flag',
            name: 'idempotency_key_format_v2',
            text: 'keys changed from UUID to timestamp',
          },
          {
            at: at(-14 * day),
            kind: 'config',
            name: 'tcp buffer tuning',
            text: 'tcp_wmem max reduced from 16MB to 4MB',
          },
          { at: at(-10 * day), kind: 'config', name: 'breaker threshold', text: 'adjusted' },
        ]),
        'metrics.csv': csv(
          Array.from({ length: 30 }, (_, index) => ({
            at: at(index * 600),
            name: 'grpc_server_msg_received_size_bytes_p99',
            value: 4_194_304,
          })),
        ),
      },
    },
    yes: [
      'dup.present',
      'keys.different',
      'keys.time-derived',
      'payload.equal',
      'effect-ids.different',
      'gap.fixed',
      'change.keys',
      'change.retries',
      'change.sizes',
      'change.pair-related',
      'field.missing',
      'field.missing-by-size',
      'size.at-limit',
      'onset.burst',
    ],
    no: [
      'keys.same',
      'keys.none',
      'gap.milliseconds',
      'payload.business-differs',
      'onset.at-deploy',
      'onset.from-first',
      'change.edge',
      'change.dedupe',
    ],
    unknown: ['workers.different', 'store.failover', 'session.same', 'gap.lease', 'gap.client-timeout'],
  }
}

/** A stage run again across a failover, for segments 7 to 12. */
function overnight(): Story {
  const drafts: Cells[] = []
  for (let segment = 1; segment <= 12; segment++)
    for (let item = 0; item < 20; item++) {
      const order_ref = `O-${segment}-${item}`
      const row = { order_ref, run_id: '2026-06-03T02:00', segment, amount: 1000 + item }
      const first = (segment - 1) * 70 + item * 3
      drafts.push({ ...row, draft_id: `a-${order_ref}`, created_at: at(first + 0.2) })
      if (segment >= 7)
        drafts.push({
          ...row,
          draft_id: `b-${order_ref}`,
          created_at: at(910 + (segment - 7) * 300 + item * 9 + 0.4),
        })
    }
  const log = `02:14:52 ERROR db.pool        connection reset by peer (orders-primary); 38 conns dropped
02:14:55 WARN  retry.wrapper  stage=invoice-generation attempt=1 failed: ConnectionError
02:15:09 INFO  db.pool        reconnected to orders-primary (now: standby-2, post-failover)
02:15:10 WARN  retry.wrapper  stage=invoice-generation attempt=2 starting (segments 7-12)
02:15:10 WARN  retry.wrapper  no idempotency key configured for stage; re-running whole stage
02:58:41 INFO  run.controller run 2026-06-03T02:00 finished status=SUCCESS rows=46,217 (+4.1%)
07:59:00 INFO  run.controller idle
`
  return {
    name: 'overnight: a whole batch again across a failover',
    bundle: {
      sources: [
        { id: 'drafts', kind: 'effects', path: 'drafts.csv', covers: { from: at(0), to: at(6 * hour) } },
        { id: 'app', kind: 'log', path: 'app.log', zone: '+00:00' },
      ],
      files: { 'drafts.csv': csv(drafts), 'app.log': log },
    },
    yes: [
      'dup.present',
      'segments.contiguous',
      'attempt.second',
      'store.failover',
      'dups.around-failover',
      'keys.none',
      'effect-ids.different',
    ],
    no: ['runs.two', 'gap.milliseconds', 'store.unique-violations', 'pool.saturated', 'join.fan-out'],
    unknown: ['keys.same', 'onset.at-deploy', 'change.keys', 'workers.different', 'loss.present'],
  }
}

/** Two writers of one payment after more tasks were started; the constraint fires 40 times an hour. */
function doubleCharges(): Story {
  const random = numbersFrom(3)
  const charges: Cells[] = []
  for (let index = 0; index < 300; index++) {
    const user = `user-${index}`
    const first = index * 60 + random() * 20
    charges.push({ user_ref: user, charge_id: `ch_${index}a`, created: at(first), amount: 4200 + index })
    if (index >= 150 && index % 12 === 0)
      charges.push({
        user_ref: user,
        charge_id: `ch_${index}b`,
        created: at(first + 20 + random() * 200),
        amount: 4200 + index,
      })
  }
  const log = Array.from({ length: 100 }, (_, index) => ({
    ts: at(9000 + index * 90),
    level: 'ERROR',
    msg: `insert failed: duplicate key value violates unique constraint "orders_payment_id_key" (payment_id)=(ch_${150 + index}a)`,
  }))
  log.unshift({ ts: at(10), level: 'INFO', msg: 'listening' })
  return {
    name: 'double charges: two writers of one payment',
    bundle: {
      sources: [
        { id: 'charges', kind: 'effects', path: 'charges.csv', map: { ref: 'user_ref' } },
        { id: 'app', kind: 'log', path: 'app.jsonl' },
        { id: 'deploys', kind: 'changes', path: 'deploys.csv' },
        { id: 'code', kind: 'code', path: 'code' },
      ],
      files: {
        'charges.csv': csv(charges),
        'app.jsonl': jsonl(log),
        'deploys.csv': csv([
          { at: at(-9 * day), kind: 'deploy', name: 'v2.8.0', text: 'release' },
          {
            at: at(7500),
            kind: 'deploy',
            name: 'v2.8.1',
            text: 'release adds auto-scaling from 2 to 6 tasks',
          },
        ]),
        'code/order.js':
          'async function createOrder(userId, cart) {\n  const payment = await stripe.charges.create({})\n  await db.orders.insert({ userId, paymentId: payment.id })\n}\n',
        'code/hook.js':
          "app.post('/webhook', async (event) => {\n  if (event.type === 'charge.succeeded') await db.orders.insert({ paymentId: event.id })\n})\n",
      },
    },
    yes: [
      'dup.present',
      'store.unique-violations',
      'store.unique-violation-same-effect',
      'change.scaling',
      'writers.two',
      'code.effect-first',
      'effect-ids.different',
    ],
    no: ['store.failover', 'gap.fixed', 'change.keys'],
    unknown: ['keys.same', 'session.same', 'first-answer.slow', 'field.missing-by-size'],
  }
}

/** Two workers forty milliseconds apart, while the pool is exhausted. */
function ordersTwice(): Story {
  const random = numbersFrom(11)
  const effects: Cells[] = []
  const requests: Cells[] = []
  for (let index = 0; index < 400; index++) {
    const second = index * 50 + random()
    const isBusy = index % 40 === 0
    const base = { order_id: `o-${index}`, payload: JSON.stringify({ total: index }) }
    effects.push({
      ...base,
      capture_id: `c-${index}`,
      effect_id: `c-${index}`,
      at: at(second + 0.3),
      worker: `w${index % 4}`,
    })
    requests.push({
      ...base,
      at: at(second),
      worker: `w${index % 4}`,
      duration_ms: isBusy ? 3100 : 120,
      status: 200,
    })
    if (!isBusy) continue
    effects.push({ ...base, effect_id: `c-${index}x`, at: at(second + 0.34), worker: `w${(index % 4) + 1}` })
    requests.push({
      ...base,
      at: at(second + 0.04),
      worker: `w${(index % 4) + 1}`,
      duration_ms: 3000,
      status: 200,
    })
  }
  const metrics = Array.from({ length: 334 }, (_, index) => ({
    at: at(index * 60),
    name: 'http_pool_pending',
    value: Array.from({ length: 10 }, (__, burst) => Math.floor((burst * 2000) / 60)).includes(index)
      ? 14
      : 0,
  }))
  return {
    name: 'orders twice: a race brought on by an exhausted pool',
    bundle: {
      sources: [
        { id: 'captures', kind: 'effects', path: 'captures.csv', map: { ref: 'order_id' } },
        { id: 'requests', kind: 'requests', path: 'requests.csv' },
        { id: 'metrics', kind: 'metrics', path: 'metrics.csv' },
      ],
      files: { 'captures.csv': csv(effects), 'requests.csv': csv(requests), 'metrics.csv': csv(metrics) },
      known: { clientTimeoutMs: 3000 },
    },
    yes: [
      'dup.present',
      'gap.milliseconds',
      'gap.sub-second',
      'workers.different',
      'spans.overlap',
      'pool.saturated',
      'requests.repeated',
      'first-answer.slow',
      'payload.equal',
    ],
    no: [
      'workers.only-one',
      'gap.fixed',
      'gap.minutes',
      'gap.client-timeout',
      'provider-only',
      'effects.orphan',
      'first-answer.error',
    ],
    unknown: ['keys.same', 'onset.at-deploy', 'store.unique-violations'],
  }
}

export const stories: readonly Story[] = [
  fulfilment(),
  overnight(),
  doubleCharges(),
  ordersTwice(),
  registrations(),
  webhooks(),
  mixed(),
]
