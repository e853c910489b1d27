/**
 * A service on Koa whose endpoint for orders is safe to retry: `node examples/http-koa/service.ts [FILE]`.
 * It prints its address; `PORT` chooses the port.
 */
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { Router } from '@koa/router'
import Koa from 'koa'
// In a package of yours: from 'onceward', 'onceward/koa' and 'onceward/sqlite'.
import { idempotency, type OncewardState } from '../../src/frameworks/koa/index.ts'
import { createOnceward } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

interface Order {
  readonly sku: string
  readonly amount: number
}

const once = createOnceward({ store: sqliteStore({ path: process.argv[2] ?? 'orders.db' }), scope: 'shop' })
/** What has been charged by this process: one line for each charge, so that a double one is seen. */
const charges: string[] = []

const app = new Koa<OncewardState>()
const router = new Router<OncewardState>()

const guard = idempotency(once, {
  // In a service of yours: what your authentication has found out.
  caller: ({ req }) => String(req.headers['x-account'] ?? 'guest'),
  require: true,
  // All effects are in steps: a retry after a crash goes on behind the last one that is done.
  steps: true,
})

router.get('/orders', (context) => {
  context.body = charges
})

router.post('/orders', guard, async (context) => {
  const order = (await json(context.req)) as Order
  await context.state.onceward?.step('charge', () => charges.push(`${order.sku} ${order.amount}`))
  context.status = 201
  context.set('location', '/orders/1')
  context.body = { id: randomUUID(), ...order }
})

const server = app.use(router.routes()).listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => {
  server.close(() => void once.close())
  server.closeIdleConnections()
})
