/**
 * A service on Hono whose endpoint for orders is safe to retry: `node examples/http-hono/service.ts [FILE]`.
 * It prints its address; `PORT` chooses the port.
 */
import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
// In a package of yours: from 'onceward', 'onceward/hono' and 'onceward/sqlite'.
import { idempotency } from '../../src/frameworks/hono/index.ts'
import { createOnceward } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

interface Order {
  readonly sku: string
  readonly amount: number
}

const once = createOnceward({ store: sqliteStore({ path: process.argv[2] ?? 'orders.db' }), scope: 'shop' })
/** What has been charged by this process: one line for each charge, so that a double one is seen. */
const charges: string[] = []

const app = new Hono()

const guard = idempotency(once, {
  // In a service of yours: what your authentication has found out.
  caller: (context) => context.req.header('x-account') ?? 'guest',
  require: true,
  // All effects are in steps: a retry after a crash goes on behind the last one that is done.
  steps: true,
})

app.get('/orders', (context) => context.json(charges))

app.post('/orders', guard, async (context) => {
  const order = await context.req.json<Order>()
  await context.get('onceward')?.step('charge', () => charges.push(`${order.sku} ${order.amount}`))
  context.header('location', '/orders/1')
  return context.json({ id: randomUUID(), ...order }, 201)
})

const server = serve(
  { fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env['PORT'] ?? 8080) },
  ({ port }) => {
    console.log(`http://127.0.0.1:${port}`)
  },
)

process.once('SIGTERM', () => server.close(() => void once.close()))
