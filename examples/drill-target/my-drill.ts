// onceward drill --target ./my-drill.ts
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
// In a package of yours: from 'onceward/drills'.
import type { DrillTarget } from '../../src/drills/index.ts'

/** The outside world: a payment provider that charges once for each Idempotency-Key, and counts. */
const charges: { readonly order: string; readonly idempotencyKey: string }[] = []
let provider: Server

export const target: DrillTarget = {
  name: 'orders',
  // More than the service's own lease: an instance that stands still is to be overtaken.
  leaseMs: 2_500,

  setUp: async () => {
    charges.length = 0
    provider = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const { order } = JSON.parse(body) as { order: string }
        const idempotencyKey = String(request.headers['idempotency-key'] ?? randomUUID())
        if (!charges.some((charge) => charge.idempotencyKey === idempotencyKey))
          charges.push({ order, idempotencyKey })
        response.end(JSON.stringify({ charged: order }))
      })
    }).listen(0, '127.0.0.1')
    await once(provider, 'listening')
  },
  tearDown: () => void provider.close(),

  start: ({ port, folder }) => ({
    command: process.execPath,
    args: [
      fileURLToPath(new URL('./service.ts', import.meta.url)),
      ...(process.env['UNGUARDED'] === 'yes' ? ['--unguarded'] : []),
    ],
    env: {
      PORT: String(port),
      // All instances share one ledger.
      LEDGER: join(folder, 'orders.db'),
      PROVIDER: `http://127.0.0.1:${(provider.address() as AddressInfo).port}`,
    },
  }),

  send: async ({ url, key, variant, signal }) => {
    const body = JSON.stringify({ amount: variant === 0 ? 500 : 999 })
    const answer = await fetch(`${url}/orders/${key}`, { method: 'POST', body, signal })
    await answer.text()
    if (answer.ok) return 'ok'
    if (answer.status === 422) return 'refused'
    return answer.status === 409 ? 'in-doubt' : 'unknown'
  },

  countEffects: (key) => charges.filter(({ order }) => order === key).length,
}
