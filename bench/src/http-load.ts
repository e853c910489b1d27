// The process that asks a service: each loop has a connection of its own.
import { Client, type Dispatcher } from 'undici'
import type { WorkName } from './cells.ts'
import { replayEntries } from './contenders/contender.ts'
import { type Measurement, measureLoad, type Window, type Work } from './load.ts'

export interface LoadRequest {
  readonly url: string
  readonly work: WorkName
  readonly concurrency: number
  readonly window: Window
}

export type LoadAnswer =
  | { readonly kind: 'begins' }
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly message: string }

/** A service is compiled much later than a function; a fast one would else be ahead by having had more requests. */
const warmOperations = 20_000

/** Connections, each lent to one request at a time. */
class Connections {
  readonly #idle: Client[]
  readonly #all: readonly Client[]

  constructor(url: string, count: number) {
    this.#all = Array.from({ length: count }, () => new Client(url, { pipelining: 1 }))
    this.#idle = [...this.#all]
  }

  /** Asks for the order of number `n`, whose key says it. */
  order(n: number): Promise<void> {
    return this.#request({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `"order-${n}"` },
      body: `{"order":${n},"amount":4200,"currency":"EUR"}`,
    })
  }

  look(): Promise<void> {
    return this.#request({ method: 'GET' })
  }

  async #request(asked: Omit<Dispatcher.RequestOptions, 'path'>): Promise<void> {
    const client = this.#idle.pop()
    if (client === undefined) throw new Error('there are more loops than connections')
    const { statusCode, body } = await client.request({ ...asked, path: '/orders' })
    await body.dump()
    this.#idle.push(client)
    if (statusCode !== 201) throw new Error(`${asked.method} /orders was answered ${statusCode}`)
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()))
  }
}

async function measure({ url, work: kind, concurrency, window }: LoadRequest): Promise<Measurement> {
  const connections = new Connections(url, concurrency)
  try {
    const isReplay = kind === 'replay'
    if (isReplay) for (let n = 0; n < replayEntries; n += 1) await connections.order(n)
    const work: Work = {
      warmOperations,
      run: (n) =>
        kind === 'pass' ? connections.look() : connections.order(isReplay ? n % replayEntries : n),
      begins: () => void process.send?.({ kind: 'begins' } satisfies LoadAnswer),
    }
    return await measureLoad(work, concurrency, window)
  } finally {
    await connections.close()
  }
}

process.on('message', (request: LoadRequest) => {
  measure(request).then(
    (measurement) => process.send?.({ kind: 'measured', measurement } satisfies LoadAnswer),
    (error: unknown) => process.send?.({ kind: 'failed', message: String(error) } satisfies LoadAnswer),
  )
})
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => undefined)
