import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

/** An HTTP server on a free loopback port. */
export interface Listening {
  readonly url: string
  /** Cuts what is still open: called when nobody waits for an answer any more. */
  close(): void
}

export function listen(app: Hono): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
      resolve({ url: `http://127.0.0.1:${port}`, close: () => closeServer(server) })
    }) as Server
    // Longer than any client of the demo keeps a connection idle: no request meets a socket that is being closed.
    server.keepAliveTimeout = 120_000
    server.once('error', reject)
  })
}

function closeServer(server: Server): void {
  server.close()
  server.closeAllConnections()
}
