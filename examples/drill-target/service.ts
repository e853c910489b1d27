// A small HTTP service: POST /orders/KEY with {"amount"} charges an order once. Everything that matters about it is
// the call of once.run; `--unguarded` leaves that out, to see what the drills make of it.
import { createServer, type IncomingMessage } from 'node:http'
// In a package of yours: from 'onceward' and 'onceward/sqlite'.
import { createOnceward, isOncewardError } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

const { PORT = '8080', LEDGER = 'orders.db', PROVIDER = 'http://127.0.0.1:9090' } = process.env
const isUnguarded = process.argv.includes('--unguarded')

const once = createOnceward({
  store: sqliteStore({ path: LEDGER }),
  scope: 'orders',
  operations: { charge: { safety: 'keyed', leaseMs: 2_000 } },
})

/** The payment provider: the same Idempotency-Key is charged once. */
async function charge(order: string, amount: number, idempotencyKey: string): Promise<unknown> {
  const answer = await fetch(`${PROVIDER}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ order, amount }),
  })
  if (!answer.ok) throw new Error(`the provider answered with ${answer.status}`)
  return answer.json()
}

function place(order: string, amount: number): Promise<unknown> {
  if (isUnguarded) return charge(order, amount, crypto.randomUUID())
  return once.run({ operation: 'charge', key: order, input: { amount } }, (attempt) =>
    charge(order, amount, attempt.effectKey),
  )
}

async function bodyOf(request: IncomingMessage): Promise<{ amount: number }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString()) as { amount: number }
}

/** What a client may conclude: 4xx means that it need not try again. */
function statusOf(error: unknown): number {
  if (!isOncewardError(error)) return 500
  if (error.code === 'KEY_REUSED') return 422
  return error.code === 'IN_DOUBT' ? 409 : 503
}

createServer((request, response) => {
  const order = decodeURIComponent((request.url ?? '').replace('/orders/', ''))
  bodyOf(request)
    .then(({ amount }) => place(order, amount))
    .then(
      (charged) => response.end(JSON.stringify(charged)),
      (error: unknown) => {
        response.statusCode = statusOf(error)
        response.end(String(error))
      },
    )
}).listen(Number(PORT), '127.0.0.1')
