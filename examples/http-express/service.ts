/**
 * A service on Express whose endpoint for orders is safe to retry: `node examples/http-express/service.ts [FILE] [PROFILE]`.
 * It prints its address; `PORT` chooses the port.
 */
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import express from 'express'
// In a package of yours: from 'onceward', 'onceward/express' and 'onceward/sqlite'.
import { idempotency } from '../../src/frameworks/express/index.ts'
import type { ProfileName } from '../../src/http/index.ts'
import { createOnceward } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

interface Order {
  readonly sku: string
  readonly amount: number
}

const once = createOnceward({ store: sqliteStore({ path: process.argv[2] ?? 'orders.db' }), scope: 'shop' })
/** What has been charged by this process: one line for each charge, so that a double one is seen. */
const charges: string[] = []

const app = express()

/** The account of a request. In a service of yours: what your authentication has found out. */
const guard = idempotency(once, {
  caller: (request) => String(request.headers['x-account'] ?? 'guest'),
  profile: (process.argv[3] ?? 'ietf-07-lenient') as ProfileName,
  require: true,
  // All effects are in steps: a retry after a crash goes on behind the last one that is done.
  steps: true,
})

app.get('/orders', (_request, response) => void response.json(charges))

// Before the body parser: then the very bytes of the body are compared.
app.post('/orders', guard, express.json(), async (request, response) => {
  const order = request.body as Order
  await request.onceward?.step('charge', () => charges.push(`${order.sku} ${order.amount}`))
  response
    .status(201)
    .location('/orders/1')
    .json({ id: randomUUID(), ...order })
})

const server = app.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => {
  server.close(() => void once.close())
  server.closeIdleConnections()
})
