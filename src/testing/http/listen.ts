import { once as event } from 'node:events'
import { createServer, type RequestListener, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RunningService } from './adapter.ts'

/** A server on a free port of the loopback. */
export async function listen(
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<RunningService> {
  const server = createServer(options, listener)
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
