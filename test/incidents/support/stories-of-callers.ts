import { at, type Cells, csv } from './bundle.ts'
import type { Story } from './story.ts'

const hour = 3600

/** The same registration three times, two seconds apart, because the first answer took longer than the caller waits. */
export function registrations(): Story {
  const requests: Cells[] = []
  const effects: Cells[] = []
  for (let index = 0; index < 40; index++) {
    const customer = `CUST_${7880 + index}`
    const start = index * 500
    const copies = index % 2 === 0 ? 3 : 1
    for (let copy = 0; copy < copies; copy++) {
      requests.push({
        customer_id: customer,
        at: at(start + copy * 2.01),
        status: 202,
        duration_ms: copies === 1 ? 180 : copy === 0 ? 2500 : 190,
        payload: `{"name":"n${index}"}`,
        idempotency_key: undefined,
        endpoint: 'POST /registrations',
      })
      effects.push({
        customer_id: customer,
        at: at(start + copy * 2.01 + 0.15),
        registration_id: `r-${index}-${copy}`,
      })
    }
  }
  return {
    name: 'registrations: retried at a fixed interval after a timeout',
    bundle: {
      sources: [
        { id: 'access', kind: 'requests', path: 'access.csv', map: { key: 'idempotency_key' } },
        { id: 'created', kind: 'effects', path: 'created.csv' },
        { id: 'settings', kind: 'config', path: 'client.properties' },
      ],
      files: {
        'access.csv': csv(requests),
        'created.csv': csv(effects),
        'client.properties': 'REQUEST_TIMEOUT_MS=2000\nRETRY_DELAY=2000ms\nRETRY_MAX_ATTEMPTS=3\n',
      },
    },
    yes: [
      'dup.present',
      'keys.none',
      'requests.repeated',
      'retries.fixed-interval',
      'first-answer.slow',
      'gap.client-timeout',
      'gap.fixed',
      'effect-ids.different',
      'onset.from-first',
    ],
    no: ['keys.different', 'gap.milliseconds', 'first-answer.error', 'effects.orphan'],
    unknown: ['workers.different', 'store.failover', 'change.keys', 'session.same'],
  }
}

/** Seven of fifteen webhooks are refused or time out at one edge. */
export function webhooks(): Story {
  const deliveries: Cells[] = []
  const effects: Cells[] = []
  for (let index = 0; index < 60; index++) {
    const isLost = index % 15 >= 8
    const payment = `pay-${index}`
    deliveries.push({
      payment_ref: payment,
      at: at(index * 300),
      status: isLost ? 401 : 200,
      duration_ms: isLost ? 40 : 300,
      event_type: 'payment.completed',
      endpoint: isLost ? 'https://eu.example/hooks' : 'https://us.example/hooks',
    })
    if (!isLost) effects.push({ payment_ref: payment, at: at(index * 300 + 1), activation_id: `a-${index}` })
  }
  return {
    name: 'webhooks: refused at one edge',
    bundle: {
      sources: [
        { id: 'sent', kind: 'deliveries', path: 'sent.csv' },
        { id: 'activations', kind: 'effects', path: 'activations.csv' },
        { id: 'changes', kind: 'changes', path: 'changes.csv' },
      ],
      files: {
        'sent.csv': csv(deliveries),
        'activations.csv': csv(effects),
        'changes.csv': csv([
          {
            at: at(-2 * hour),
            kind: 'config',
            name: 'webhook secret',
            text: 'signing secret rotated at the EU edge',
          },
        ]),
      },
      known: { senderTimeoutMs: 5000 },
    },
    yes: ['loss.present', 'loss.refused', 'loss.by-endpoint', 'change.edge'],
    no: ['dup.present', 'loss.total', 'loss.acknowledged', 'loss.server-errors', 'receiver.slow'],
    unknown: [
      'keys.same',
      'gap.fixed',
      'loss.older-than-limit',
      'queue.backlog-grows',
      'process.restarts-beside',
    ],
  }
}

/** Some of each: what is most, and what is neither most nor hardly any. */
export function mixed(): Story {
  const requests: Cells[] = []
  const effects: Cells[] = []
  for (let index = 0; index < 10; index++) {
    const order = `order-${index}`
    for (let copy = 0; copy < 3; copy++) {
      const second = index * 1800 + copy * (index < 7 ? 4 : 3 + copy * 9)
      const key = index < 7 ? `k-${index}-${copy}` : `k-${index}`
      requests.push({ order_id: order, at: at(second), idempotency_key: key, status: 200, duration_ms: 30 })
      effects.push({
        order_id: order,
        at: at(second + 0.02),
        charge_id: `c-${index}-${copy}`,
        idempotency_key: key,
      })
    }
  }
  return {
    name: 'some of each',
    bundle: {
      sources: [
        { id: 'asked', kind: 'requests', path: 'asked.csv' },
        { id: 'done', kind: 'effects', path: 'done.csv' },
      ],
      files: { 'asked.csv': csv(requests), 'done.csv': csv(effects) },
    },
    yes: ['keys.different', 'retries.fixed-interval'],
    no: ['gap.milliseconds', 'spans.overlap'],
    unknown: ['keys.same', 'gap.client-timeout'],
  }
}
