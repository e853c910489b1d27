/**
 * A service on Fastify whose endpoint for orders is safe to retry: `node examples/http-fastify/service.ts [FILE] [PROFILE]`.
 * It prints its address; `PORT` chooses the port.
 */
import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
// In a package of yours: from 'onceward', 'onceward/fastify' and 'onceward/sqlite'.
import { idempotency } from '../../src/frameworks/fastify/index.ts'
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

const app = fastify({ forceCloseConnections: 'idle' })

await app.register(
  idempotency(once, {
    // In a service of yours: what your authentication has found out.
    caller: (request) => String(request.headers['x-account'] ?? 'guest'),
    profile: (process.argv[3] ?? 'ietf-07-lenient') as ProfileName,
    require: ['POST /orders'],
    // All effects are in steps: a retry after a crash goes on behind the last one that is done.
    steps: true,
  }),
)

app.get('/orders', () => charges)

app.post<{ Body: Order }>('/orders', async (request, reply) => {
  const order = request.body
  await request.onceward?.step('charge', () => charges.push(`${order.sku} ${order.amount}`))
  return reply
    .status(201)
    .header('location', '/orders/1')
    .send({ id: randomUUID(), ...order })
})

console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 8080) }))

process.once('SIGTERM', () => void app.close().then(() => once.close()))
