/**
 * A service on plain `node:http` whose one endpoint is safe to retry: `node examples/http-node/service.ts [FILE]`.
 * It prints its address; `PORT` chooses the port.
 *
 *     curl -i localhost:8080/orders -H 'Idempotency-Key: "8e03978e"' -d '{"sku":"a-1","amount":1900}'
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
// In a package of yours: from 'onceward', 'onceward/sqlite' and 'onceward/http'.
import { createOnceward } from '../../src/index.ts'
import { nodeHandler } from '../../src/http/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

interface Order {
  readonly sku: string
  readonly amount: number
}

const once = createOnceward({ store: sqliteStore({ path: process.argv[2] ?? 'orders.db' }), scope: 'shop' })
/** What has been charged by this process: one line for each charge, so that a double one is seen. */
const charges: string[] = []

/** Whom a request is from. In a service of yours: what your authentication has found out. */
function callerOf(request: IncomingMessage): string {
  return String(request.headers['x-account'] ?? 'guest')
}

const orders = nodeHandler<IncomingMessage, ServerResponse>(
  once,
  { caller: callerOf, require: ['POST'] },
  async (request, response) => {
    if (request.method !== 'POST') return response.end(JSON.stringify(charges))
    const order = (await json(request)) as Order
    charges.push(`${order.sku} ${order.amount}`)
    return response
      .writeHead(201, { 'content-type': 'application/json', location: '/orders/1' })
      .end(JSON.stringify({ id: randomUUID(), ...order }))
  },
)

const server = createServer((request, response) => void orders(request, response))
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => {
  server.close(() => void once.close())
  server.closeIdleConnections()
})
