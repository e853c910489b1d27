/**
 * A route handler of Next.js that is safe to retry: `npx next dev`, then
 *
 *     curl -i localhost:3000/api/charges -H 'Idempotency-Key: "8e03978e"' -d '{"sku":"a-1","amount":1900}'
 */
import { randomUUID } from 'node:crypto'
// In a package of yours: from 'onceward/http'.
import { fetchHandler } from '../../../../../src/http/index.ts'
import { callerOf, charged, once } from '../../../lib/charges.ts'

interface Charge {
  readonly sku: string
  readonly amount: number
}

export const POST: (request: Request) => Promise<Response> = fetchHandler(
  once,
  { caller: callerOf, require: true },
  async (request) => {
    const charge = (await request.json()) as Charge
    charged.push(`${charge.sku} ${charge.amount}`)
    const id = randomUUID()
    return Response.json({ id, ...charge }, { status: 201, headers: { location: `/api/charges/${id}` } })
  },
)

/** Reads nothing of the request, so Next would answer it once, when it builds. */
export const dynamic = 'force-dynamic'

export function GET(): Response {
  return Response.json(charged)
}
