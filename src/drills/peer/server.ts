import { createServer, type IncomingMessage, type Server } from 'node:http'
import { openJournal } from '../../testing/journal.ts'
import type { PeerRequest } from './protocol.ts'
import { Target, type TargetOptions } from './target.ts'

/** Serves the peer's protocol on a free port of the loopback address. The journal is the truth of the drill. */
export function servePeer(journalPath: string, options: TargetOptions = {}): Server {
  const target = new Target(openJournal(journalPath), options)
  const server = createServer((incoming, outgoing) => {
    let body = ''
    // A killed worker resets its connection; what it asked for happens all the same.
    incoming.on('error', () => undefined)
    incoming.setEncoding('utf8').on('data', (text: string) => (body += text))
    incoming.on('end', () =>
      target.serve(parse(incoming, body), (answer) => {
        outgoing.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
      }),
    )
  })
  // Workers stand still for as long as a drill likes, and go on over the connections that they have.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
  return server.listen(0, '127.0.0.1')
}

/** `POST /effect/order-7` */
function parse(incoming: IncomingMessage, body: string): PeerRequest {
  const [, op, key = ''] = (incoming.url ?? '').split('/')
  return { op, key: decodeURIComponent(key), ...(JSON.parse(body) as object) } as PeerRequest
}
