/**
 * A service that takes batches of orders, and what it makes of a batch that was cut: `node examples/integrity/orders.ts`.
 * It starts the service, sends it four batches, prints what became of them, and ends.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
// In a package of yours: from 'onceward/http'.
import { checkBody, createIntegrity, integrityHeaders, requirePresent } from '../../src/http/index.ts'

const integrity = createIntegrity()
const check = checkBody(integrity)
const order = z.object({ ref: z.string(), hold_for_review: z.boolean().optional() })
const orders = requirePresent(z.object({ id: z.string(), orders: z.array(order) }), [
  'id',
  // A safety field: an order that does not say whether to hold it is held.
  { field: 'orders.*.hold_for_review', failSafe: true },
])

async function approve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const batch = await json(request)
  const bytes = Number(request.headers['content-length'])
  const { hold, held } = orders.check(batch, { bytes, method: 'POST /batches' })
  response.end(hold ? `held: ${held.join(', ')}` : 'approved')
}

const server = createServer((request, response) => {
  check(request, response, () => {
    approve(request, response).catch((error: Error) => response.writeHead(400).end(error.message))
  })
})
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/batches`

async function send(what: string, body: string, headers: Record<string, string>): Promise<void> {
  const response = await fetch(url, { method: 'POST', body, headers })
  console.log(`${what}: ${response.status} ${await response.text()}`.replace(/\{.*"why":"(\w+)".*\}/, '$1'))
}

const whole = JSON.stringify({ id: 'b-1', orders: [{ ref: 'o-1', hold_for_review: false }] })
const lacking = JSON.stringify({
  id: 'b-1',
  orders: [{ ref: 'o-1', hold_for_review: false }, { ref: 'o-2' }],
})
const { 'content-digest': digest } = integrityHeaders(whole)
await send('whole', whole, integrityHeaders(whole))
await send('cut on the way', whole.slice(0, -20), { 'content-digest': digest })
await send('without the field', lacking, integrityHeaders(lacking))
await send('without the id', '{"orders":[]}', integrityHeaders('{"orders":[]}'))
console.log(JSON.stringify(integrity.counts()))
server.close()
