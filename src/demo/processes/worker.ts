import { Hono } from 'hono'
import { isOncewardError, messageOf } from '../../kernel/errors.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { WorkerConfig } from '../messages.ts'
import type { Order } from '../orders.ts'
import { makeEffects } from '../shop/effects.ts'
import { openOrderTable } from '../shop/order-table.ts'
import { type Answer, type Shop, takeOrder, takeOrderOnce } from '../shop/take-order.ts'
import { runAsChild, type Running } from './child.ts'
import { listen } from './serve.ts'

/** One worker of the shop: an HTTP server that takes `POST /orders`, with or without a ledger. */
runAsChild(startWorker)

const graceMs = 15_000

async function startWorker(config: WorkerConfig): Promise<Running> {
  const { name, ledger, providerUrl, partnerUrl, mailUrl } = config
  const worker = `${name}-${process.pid}`
  const table = openOrderTable(config.shopPath)
  const shop: Shop = { effects: makeEffects({ worker, providerUrl, partnerUrl, mailUrl }), table }
  const once = ledger === undefined ? undefined : await openGuard(ledger)
  const take = (order: Order): Promise<Answer> =>
    once === undefined ? takeOrder(shop, order) : takeOrderOnce(shop, once, order)
  const underWay = new Set<Promise<Answer>>()
  const app = new Hono()
  app.post('/orders', async (context) => {
    const order = await context.req.json<Order>()
    const taking = take(order)
    underWay.add(taking)
    try {
      const answer = await taking
      return context.json({ order: order.id, ...answer }, answer.status)
    } catch (error) {
      const code = isOncewardError(error) ? error.code : undefined
      return context.json(
        { order: order.id, error: messageOf(error), ...(code === undefined ? {} : { code }) },
        503,
      )
    } finally {
      underWay.delete(taking)
    }
  })
  const server = await listen(app)
  return {
    address: server.url,
    stop: async () => {
      // A client that has given up waiting has not cancelled its order: what was begun is brought to its end.
      while (underWay.size > 0) await Promise.allSettled(underWay)
      server.close()
      await once?.close({ graceMs })
      table.close()
      return {}
    },
  }
}

/** Loaded only where it is used: the half without Onceward runs without a line of it. */
async function openGuard(config: NonNullable<WorkerConfig['ledger']>): Promise<Onceward> {
  const { openLedger } = await import('../shop/ledger.ts')
  const once = await openLedger(config)
  await once.open()
  return once
}
