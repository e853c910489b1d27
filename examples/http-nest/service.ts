/**
 * A service on NestJS whose endpoint for orders is safe to retry: `node examples/http-nest/service.ts [FILE]`.
 * It prints its address; `PORT` chooses the port.
 */
import { randomUUID } from 'node:crypto'
import { Body, Controller, Get, Header, Module, Post, Req, UseInterceptors } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
// In a package of yours: from 'onceward', 'onceward/nest' and 'onceward/sqlite'.
import { idempotency, type NestRequest } from '../../src/frameworks/nest/index.ts'
import { createOnceward } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

interface Order {
  readonly sku: string
  readonly amount: number
}

const once = createOnceward({ store: sqliteStore({ path: process.argv[2] ?? 'orders.db' }), scope: 'shop' })
/** What has been charged by this process: one line for each charge, so that a double one is seen. */
const charges: string[] = []

const guard = idempotency(once, {
  // In a service of yours: what your authentication guard has found out.
  caller: (request) => String(request.headers['x-account'] ?? 'guest'),
  require: true,
  // All effects are in steps: a retry after a crash goes on behind the last one that is done.
  steps: true,
})

class OrdersController {
  list(): readonly string[] {
    return charges
  }

  async create(order: Order, request: NestRequest): Promise<object> {
    await request.onceward?.step('charge', () => charges.push(`${order.sku} ${order.amount}`))
    return { id: randomUUID(), ...order }
  }
}

class ApplicationModule {
  readonly name = 'orders'
}

// Node runs this file as it is, and knows no decorators; README.md shows the same with their syntax.
const routes = OrdersController.prototype
decorate('list', Get())
decorate('create', Post(), Header('location', '/orders/1'), UseInterceptors(guard))
Body()(routes, 'create', 0)
Req()(routes, 'create', 1)
Controller('orders')(OrdersController)
Module({ controllers: [OrdersController] })(ApplicationModule)

const app = await NestFactory.create(ApplicationModule, { logger: ['error'] })
await app.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1')
console.log(await app.getUrl())

process.once('SIGTERM', () => void app.close().then(() => once.close()))

function decorate(method: 'create' | 'list', ...decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(routes, method) as PropertyDescriptor
  for (const decorator of decorators) decorator(routes, method, descriptor)
}
