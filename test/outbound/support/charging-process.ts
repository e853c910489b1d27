import { createOnceward } from '../../../src/index.ts'
import { createClient } from '../../../src/outbound/index.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'

/** Charges order 1 at the peer, as an effect of a ledger on disk, and prints the answer. */
const [path = '', baseUrl = ''] = process.argv.slice(2)
const once = createOnceward({ store: sqliteStore({ path }), sweep: false })
const client = createClient({ baseUrl, once })
const { status, replayed, body } = await client.request({
  method: 'POST',
  path: '/charges',
  body: { amount: 100 },
  intent: { operation: 'charge', key: ['order', 1], leaseMs: 1_500 },
})
process.stdout.write(JSON.stringify({ status, replayed, body: body.toString() }))
await client.close()
await once.close()
