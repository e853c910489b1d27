import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createOnceward } from '../../../src/index.ts'
import { type Client, createClient } from '../../../src/outbound/client.ts'
import {
  adyen,
  payPal,
  type Provider,
  sendGrid,
  shopify,
  square,
  stripe,
  twilio,
} from '../../../src/outbound/presets/index.ts'
import { memoryStore } from '../../../src/stores/memory/index.ts'

interface Sent {
  readonly headers: IncomingHttpHeaders
  readonly body: Readonly<Record<string, unknown>>
}

/** A provider that breaks the first connection behind the request, and keeps what it was sent. */
async function clientOf(
  target: Provider,
): Promise<{ readonly client: Client; readonly sent: readonly Sent[] }> {
  const sent: Sent[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      sent.push({ headers: request.headers, body: JSON.parse(text) as Sent['body'] })
      if (sent.length === 1) request.socket.destroy()
      else response.end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, target, retry: { baseMs: 1 } })
  onTestFinished(async () => {
    await client.close({ graceMs: 0 })
    server.close()
  })
  return { client, sent }
}

const query = 'mutation ($idempotencyKey: String!) { refundCreate @idempotent(key: $idempotencyKey) { id } }'

interface KeyedCall {
  readonly target: Provider
  readonly path: string
  readonly body: object
  keyOf(sent: Sent): unknown
}

const charge = { amount: 1 }

const keyed: readonly KeyedCall[] = [
  {
    target: stripe,
    path: '/v1/charges',
    body: charge,
    keyOf: ({ headers }) => headers['idempotency-key'],
  },
  {
    target: adyen,
    path: '/v71/payments',
    body: charge,
    keyOf: ({ headers }) => headers['idempotency-key'],
  },
  {
    target: payPal,
    path: '/v2/checkout/orders',
    body: charge,
    keyOf: ({ headers }) => headers['paypal-request-id'],
  },
  {
    target: square,
    path: '/v2/payments',
    body: charge,
    keyOf: ({ body }) => body['idempotency_key'],
  },
  {
    target: shopify,
    path: '/admin/api/2026-04/graphql.json',
    body: { query },
    keyOf: ({ body }) => (body['variables'] as Record<string, unknown>)['idempotencyKey'],
  },
]

it.each(keyed)('$target.name has the key where it takes it, the same when it is sent again', async (one) => {
  const { client, sent } = await clientOf(one.target)
  const { path, body } = one
  const { attempts } = await client.request({
    method: 'POST',
    path,
    body,
    idempotencyKey: 'order-1001-charge',
  })
  expect(attempts).toBe(2)
  expect(sent.map((each) => one.keyOf(each))).toEqual(['order-1001-charge', 'order-1001-charge'])
})

const blind: readonly (readonly [Provider, string, object])[] = [
  [twilio, '/2010-04-01/Accounts/AC1/Messages.json', { Body: 'hello' }],
  [sendGrid, '/v3/mail/send', { subject: 'hello' }],
  [square, '/v2/payments/1/cancel', {}],
  [payPal, '/v1/billing/plans', {}],
  [shopify, '/admin/api/2026-04/graphql.json', { query: 'mutation { fulfillmentCreate { id } }' }],
]

it.each(blind)('$name is sent $1 once, and the outcome is unknown', async (target, path, body) => {
  const { client, sent } = await clientOf(target)
  const call = client.request({ method: 'POST', path, body, idempotencyKey: 'order-1001-mail' })
  await expect(call).rejects.toMatchObject({ outcome: 'unknown', attempts: 1 })
  expect(sent).toHaveLength(1)
  expect(JSON.stringify(sent)).not.toContain('order-1001-mail')
})

it('a key longer than the provider takes is refused before anything is sent', async () => {
  const { client, sent } = await clientOf(square)
  const call = { method: 'POST', path: '/v2/payments', body: {}, idempotencyKey: 'x'.repeat(46) }
  await expect(client.request(call)).rejects.toMatchObject({ code: 'KEY_INVALID' })
  expect(sent).toHaveLength(0)
})

it('Shopify: what stays in progress is unknown to the ledger, too, although its status is 200', async () => {
  const busy = '{"data":{"refundCreate":{"userErrors":[{"code":"IDEMPOTENCY_CONCURRENT_REQUEST"}]}}}'
  const server = createServer(
    (request, response) => void request.resume().on('end', () => response.end(busy)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ledger = createOnceward({ store: memoryStore(), sweep: false })
  const { port } = server.address() as AddressInfo
  const options = { target: shopify, once: ledger, retry: { baseMs: 1 } }
  const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, ...options })
  onTestFinished(async () => {
    await client.close({ graceMs: 0 })
    await ledger.close({ graceMs: 0 })
    server.close()
  })
  const intent = { operation: 'refund', key: ['order', '1001'] }
  const path = '/admin/api/2026-04/graphql.json'
  const call = client.request({ method: 'POST', path, body: { query }, intent })
  await expect(call).rejects.toMatchObject({ outcome: 'unknown', attempts: 3 })
  expect((await ledger.lookup(intent))?.state).toBe('started')
})
