/**
 * The same payment by axios with axios-retry, and by axios with the policy of Onceward:
 * `node examples/outbound-axios/compare.ts`. The payment service charges, and breaks the connection before it has
 * answered. It counts its charges.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { create } from 'axios'
import axiosRetry from 'axios-retry'
// In a package of yours: from 'onceward/fetch'.
import { axiosOptions, createClient, OutboundError } from '../../src/outbound/index.ts'

/** What was charged, by order. The service knows a charge again by its key. */
const charges: { readonly order: string; readonly key: string | undefined }[] = []
const cut = new Set<string>()

const service = createServer((request, response) => {
  const order = request.url?.split('/').at(-1) ?? ''
  const key = request.headers['idempotency-key'] as string | undefined
  const isKnown = key !== undefined && charges.some((charge) => charge.key === key)
  if (!isKnown) charges.push({ order, key })
  if (!cut.has(order)) {
    // Charged, and nobody is told.
    cut.add(order)
    request.socket.destroy()
    return
  }
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ order }))
})
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
const baseURL = `http://127.0.0.1:${(service.address() as AddressInfo).port}`

function chargesOf(order: string): number {
  return charges.filter((charge) => charge.order === order).length
}

const plain = create({ baseURL })
axiosRetry(plain)
await plain.post('/charges/1001', { amount: 100 })
console.log(`axios with axios-retry: ${chargesOf('1001')} charges`)

const client = createClient({ baseUrl: baseURL })
const guarded = create({ baseURL, ...axiosOptions(client) })
try {
  await guarded.post('/charges/1002', { amount: 100 })
} catch (error) {
  const { cause } = error as { readonly cause?: unknown }
  const outcome = cause instanceof OutboundError ? cause.outcome : String(error)
  console.log(`axios with onceward, without a key: ${chargesOf('1002')} charge, outcome ${outcome}`)
}

await guarded.post('/charges/1003', { amount: 100 }, { headers: { 'Idempotency-Key': 'order-1003-charge' } })
console.log(`axios with onceward, with a key: ${chargesOf('1003')} charge, sent again and answered`)

await client.close()
service.close()
