import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Arrival {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What effects are sent to: it keeps a journal, and answers as the test says. */
export class Target {
  readonly journal: Arrival[] = []
  readonly url: string
  readonly #server: Server
  answer: (arrival: Arrival, response: ServerResponse) => void = (_, response) => {
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"done":true}')
  }
  #arrived = Promise.withResolvers<Arrival>()

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request
        const arrival = { method, path, headers, body: Buffer.concat(chunks).toString() }
        this.journal.push(arrival)
        this.#arrived.resolve(arrival)
        this.#arrived = Promise.withResolvers()
        this.answer(arrival, response)
      })
    })
  }

  static async start(port = 0): Promise<Target> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return new Target(server)
  }

  /** The next request to come. */
  arrived(): Promise<Arrival> {
    return this.#arrived.promise
  }

  count(path: string): number {
    return this.journal.filter((arrival) => arrival.path === path).length
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}
