import { once as event } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RunningService } from './adapter.ts'

/** A server on a free port of the loopback. */
export async function listen(listener: RequestListener): Promise<RunningService> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await event(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await event(server, 'close')
    },
  }
}
