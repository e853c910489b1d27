import { setTimeout as sleep } from 'node:timers/promises'
import { Hono } from 'hono'
import type { PeerConfig } from '../messages.ts'
import { type ChargeRequest, workerHeader } from '../shop/effects.ts'
import { type Link, runAsChild, type Running } from './child.ts'
import { makePeer } from './peer.ts'
import { listen } from './serve.ts'

/**
 * The payment provider. Each request is a charge, unless it carries an `Idempotency-Key` that was seen before: then
 * the first answer is given again. A minority of first answers is two seconds late; the charge itself is not.
 */
runAsChild(startProvider)

const slowMs = 2_000

interface Charged {
  readonly request: string
  readonly chargeId: string
}

async function startProvider(config: PeerConfig, link: Link): Promise<Running> {
  const peer = makePeer({ effect: 'charge', idPrefix: 'ch', fastestMs: 60, slowestMs: 120 }, config, link)
  const slow = new Set(peer.schedule.slow)
  const byKey = new Map<string, Charged>()
  let slowAnswers = 0
  const app = new Hono()
  app.post('/charges', async (context) => {
    const charge = await context.req.json<ChargeRequest>()
    const worker = context.req.header(workerHeader) ?? ''
    const key = context.req.header('idempotency-key')
    await peer.work(charge.order)
    if (await peer.hasLostCaller(charge.order, 'before', worker)) return context.body(null, 408)
    const request = JSON.stringify(charge)
    const seen = key === undefined ? undefined : byKey.get(key)
    if (seen !== undefined && seen.request !== request) return context.json({ error: 'key reused' }, 422)
    if (seen !== undefined) return context.json({ chargeId: seen.chargeId })
    const { order, amount, currency } = charge
    const chargeId = peer.record(order, { amount, currency, worker, ...(key === undefined ? {} : { key }) })
    if (key !== undefined) byKey.set(key, { request, chargeId })
    if (slow.delete(order)) {
      slowAnswers++
      await sleep(slowMs)
    }
    await peer.hasLostCaller(order, 'after', worker)
    return context.json({ chargeId }, 201)
  })
  const server = await listen(app)
  return {
    address: server.url,
    stop: () => {
      server.close()
      peer.close()
      return Promise.resolve({ slowAnswers })
    },
  }
}
