import { Hono } from 'hono'
import type { PeerConfig } from '../messages.ts'
import { type DispatchRequest, expiresHeader, workerHeader } from '../shop/effects.ts'
import { type Link, runAsChild, type Running } from './child.ts'
import { makePeer } from './peer.ts'
import { listen } from './serve.ts'

/**
 * The fulfilment partner. It knows no idempotency keys: every request is a parcel. But it can be asked whether it has
 * an order, and it refuses what comes later than the caller is willing to wait, which bounds the life of a request.
 */
runAsChild(startPartner)

async function startPartner(config: PeerConfig, link: Link): Promise<Running> {
  const peer = makePeer({ effect: 'dispatch', idPrefix: 'sh', fastestMs: 10, slowestMs: 40 }, config, link)
  const shipments = new Map<string, readonly string[]>()
  const app = new Hono()
  app.post('/dispatches', async (context) => {
    const { order, sku, quantity } = await context.req.json<DispatchRequest>()
    const worker = context.req.header(workerHeader) ?? ''
    const expiresAtMs = Number(context.req.header(expiresHeader))
    await peer.work(order)
    if (await peer.hasLostCaller(order, 'before', worker)) return context.body(null, 408)
    if (Date.now() > expiresAtMs) return context.json({ error: 'came too late' }, 408)
    const shipmentId = peer.record(order, { sku, quantity, worker })
    shipments.set(order, [...(shipments.get(order) ?? []), shipmentId])
    await peer.hasLostCaller(order, 'after', worker)
    return context.json({ shipmentId }, 201)
  })
  app.get('/orders/:id', (context) => {
    const found = shipments.get(context.req.param('id'))
    if (found === undefined) return context.json({ error: 'no such order' }, 404)
    return context.json({ shipmentId: found[0] })
  })
  const server = await listen(app)
  return {
    address: server.url,
    stop: () => {
      server.close()
      peer.close()
      return Promise.resolve({})
    },
  }
}
