/**
 * A service as a process of its own: `node service-process.ts STORE_URL JOURNAL`. `POST /blind` and `POST /keyed`
 * do their effect (a line in the journal, with path and effect key) and answer; with `x-hang: 1` they never do.
 */
import { appendFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeHandler, type NodeHandler } from '../../../src/http/index.ts'
import { createOnceward } from '../../../src/index.ts'
import { openStoreFromUrl } from '../../../src/stores/open.ts'

const [storeUrl = '', journal = ''] = process.argv.slice(2)
const once = createOnceward({ store: await openStoreFromUrl(storeUrl), scope: 'shop' })
await once.open()

const guarded = (safety: 'blind' | 'keyed'): NodeHandler<IncomingMessage, ServerResponse> =>
  nodeHandler<IncomingMessage, ServerResponse>(
    once,
    { caller: 'anonymous', require: true, leaseMs: 2000, safety, waitMs: 20_000 },
    (request, response) => {
      appendFileSync(journal, `${request.url} ${request.onceward?.effectKey}\n`)
      if (request.headers['x-hang'] === undefined) response.writeHead(201).end('ordered')
    },
  )
const [blind, keyed] = [guarded('blind'), guarded('keyed')]
const server = createServer(
  (request, response) => void (request.url === '/blind' ? blind : keyed)(request, response),
)
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
