import { once as event } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request as the peer saw it, whole. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly key: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What the peer does with one request. */
export interface Behaviour {
  /** `before`: reset at the first byte, unread. `after`: reset once the effect is done. `cut`: in the middle of the answer. */
  readonly reset?: 'before' | 'after' | 'cut'
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** The answer waits for this. */
  readonly until?: Promise<unknown>
}

/** A real server that counts what reaches it: requests, and effects (one for each request it acts upon). */
export class Peer {
  readonly url: string
  readonly seen: SeenRequest[] = []
  /** Effects by key; what has none counts under ''. A key is acted upon once while it is remembered. */
  readonly effects: Map<string, number> = new Map()
  connections = 0
  /** What is done next, in this order; then everything is answered 200. */
  readonly next: Behaviour[] = []
  /** What is done when nothing is next. */
  always: Behaviour = {}
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => {
      this.connections += 1
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#serve(request, response),
    )
  }

  static async start(): Promise<Peer> {
    const server = createServer({ keepAliveTimeout: 60_000 })
    server.listen(0, '127.0.0.1')
    await event(server, 'listening')
    return new Peer(server)
  }

  get totalEffects(): number {
    return [...this.effects.values()].reduce((sum, count) => sum + count, 0)
  }

  async end(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await event(this.#server, 'close')
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const behaviour = this.next.shift() ?? this.always
    const { socket } = request
    request.on('error', () => undefined)
    if (behaviour.reset === 'before') {
      this.#see(request, '')
      socket.resetAndDestroy()
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { key } = this.#see(request, Buffer.concat(chunks).toString())
      const { status = 200 } = behaviour
      if (status < 400 && (key === undefined || !this.effects.has(key)))
        this.effects.set(key ?? '', (this.effects.get(key ?? '') ?? 0) + 1)
      void this.#answer(behaviour, response, socket)
    })
  }

  async #answer(behaviour: Behaviour, response: ServerResponse, socket: Socket): Promise<void> {
    const { reset, status = 200, headers = {}, body = 'ok', until } = behaviour
    await until
    if (reset === 'after') {
      socket.resetAndDestroy()
      return
    }
    if (reset === 'cut') {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it')
      socket.end()
      return
    }
    response.writeHead(status, headers).end(body)
  }

  #see(request: IncomingMessage, body: string): SeenRequest {
    const { method = '', url = '', headers } = request
    const key = headers['idempotency-key']
    const seen = { method, path: url, key: typeof key === 'string' ? key : undefined, headers, body }
    this.seen.push(seen)
    return seen
  }
}
