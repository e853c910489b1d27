/**
 * A call whose retries cannot duplicate: `node examples/outbound/charge.ts [FILE]`. A payment service that resets the first
 * connection behind the charge, and answers 503 after that, is asked to charge an order; then once more, as if by another
 * caller. It prints what came of it, and how often the service has charged.
 */
import { once as event } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
// In a package of yours: from 'onceward', 'onceward/fetch' and 'onceward/sqlite'.
import { createOnceward } from '../../src/index.ts'
import { createClient } from '../../src/outbound/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

/** What has been charged, by key: the service does its part, and remembers. */
const charges = new Map<string, number>()
let requests = 0
const service = createServer((request, response) => {
  request.resume().on('end', () => {
    const key = String(request.headers['idempotency-key'])
    charges.set(key, charges.get(key) ?? 1)
    requests += 1
    if (requests === 1) request.socket.resetAndDestroy()
    else if (requests === 2) response.writeHead(503).end()
    else response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":"ch_1"}')
  })
})
service.listen(0, '127.0.0.1')
await event(service, 'listening')

const once = createOnceward({ store: sqliteStore({ path: process.argv[2] ?? 'charges.db' }), scope: 'shop' })
const payments = createClient({
  baseUrl: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
  once,
  timeoutMs: 5000,
})
payments.on('retry_scheduled', ({ attempt, after }) => console.log(`attempt ${attempt}, after ${after}`))

async function charge(order: string): Promise<void> {
  const response = await payments.request({
    method: 'POST',
    path: '/charges',
    body: { amount: 1900, currency: 'EUR' },
    intent: { operation: 'charge', key: ['order', order], subject: `order:${order}` },
  })
  const { id } = response.json<{ id: string }>()
  console.log(`${id}, ${response.replayed ? 'replayed' : `after ${response.attempts} attempts`}`)
}

await charge('1001')
await charge('1001')
console.log(`${requests} requests, ${charges.size} charge`)

await payments.close()
await once.close()
service.close()
