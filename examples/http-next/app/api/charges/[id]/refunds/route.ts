// In a package of yours: from 'onceward/http'.
import { fetchHandler } from '../../../../../../../src/http/index.ts'
import { callerOf, charged, once } from '../../../../../lib/charges.ts'

/** What Next gives a route handler behind the request; its parameters come as a promise. */
interface Context {
  readonly params: Promise<{ readonly id: string }>
}

export const POST: (request: Request, context: Context) => Promise<Response> = fetchHandler(
  once,
  { caller: callerOf, require: true },
  async (_request, { params }: Context) => {
    const { id } = await params
    charged.push(`refund of ${id}`)
    return Response.json({ refunded: id }, { status: 201 })
  },
)
