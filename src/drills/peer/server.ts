import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { openJournal } from '../journal.ts'
import type { PeerRequest } from './protocol.ts'
import { Target } from './target.ts'

/** Serves the peer's protocol on a free port of the loopback address. The journal is the truth of the drill. */
export function servePeer(journalPath: string): Server {
  const target = new Target(openJournal(journalPath))
  return createServer({ noDelay: true }, (socket) => serveSocket(socket, target)).listen(0, '127.0.0.1')
}

function serveSocket(socket: Socket, target: Target): void {
  // A killed worker resets its connection; what it asked for happens all the same.
  socket.on('error', () => undefined)
  const lines = createInterface({ input: socket })
  lines.on('error', () => undefined)
  lines.on('line', (line) => {
    const { id, ...request } = JSON.parse(line) as PeerRequest & { readonly id: number }
    target.serve(request, (answer) => {
      if (socket.writable) socket.write(`${JSON.stringify({ id, ...answer })}\n`)
    })
  })
}
