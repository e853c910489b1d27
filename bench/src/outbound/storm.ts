import { once as event } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadOutbound, type ProductForm } from '../product.ts'

export type StormPolicy =
  /** Every layer tries three times, whatever the others do. */
  | 'no-budget'
  /** Every layer has the default budget. */
  | 'budget'
  /** And says of a failure it has retried already that it is not to be retried. */
  | 'budget-and-word'

export const stormTitles: Readonly<Record<StormPolicy, string>> = {
  'no-budget': 'three attempts at each layer, no budget',
  budget: 'with the default budget',
  'budget-and-word': '**with the budget, and `x-should-retry: false` from whoever has retried**',
}

interface Service {
  readonly url: string
  close(): Promise<void>
}

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Service> {
  const server = createServer({ keepAliveTimeout: 60_000 }, handle)
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

const layers = 5

/**
 * Five services, each calling the next, before a peer that fails: how many calls reach the peer for each intent. Every
 * call carries its key, so that all of them may be retried.
 */
export async function storm(
  policy: StormPolicy,
  {
    form,
    intents,
    failing,
  }: { readonly form: ProductForm; readonly intents: number; readonly failing: number },
): Promise<{ readonly callsPerIntent: number; readonly succeeded: number }> {
  const { createClient } = await loadOutbound(form)
  let calls = 0
  const peer = await serve((request, response) => {
    calls += 1
    request.resume()
    // The same calls fail in every run: a tenth, twentieth… of the numbers, spread by a prime.
    const fails = ((calls * 7919) % 1000) / 1000 < failing
    response.writeHead(fails ? 503 : 201).end()
  })
  const services: Service[] = [peer]
  const budget = policy === 'no-budget' ? { ratio: 100, min: 1_000_000 } : {}
  const clients = []
  for (let layer = 0; layer < layers; layer += 1) {
    const baseUrl = (services.at(-1) as Service).url
    const client = createClient({ baseUrl, budget, retry: { attempts: 3, baseMs: 2, capMs: 5 } })
    clients.push(client)
    if (layer === layers - 1) break
    services.push(
      await serve((request, response) => {
        request.resume()
        const idempotencyKey = String(request.headers['idempotency-key'])
        const answered = client
          .request({ method: 'POST', path: '/', idempotencyKey })
          .catch(() => ({ status: 503 }))
        void answered.then(({ status }) => {
          const word = policy === 'budget-and-word' && status >= 500 ? { 'x-should-retry': 'false' } : {}
          response.writeHead(status, word).end()
        })
      }),
    )
  }
  const top = clients.at(-1)
  let succeeded = 0
  let next = 0
  const loop = async (): Promise<void> => {
    while (next < intents) {
      next += 1
      const answer = top?.request({ method: 'POST', path: '/', idempotencyKey: `intent-${next}` })
      const status = await answer?.then((one) => one.status).catch(() => 503)
      if (status === 201) succeeded += 1
    }
  }
  await Promise.all(Array.from({ length: 16 }, loop))
  await Promise.all(clients.map((client) => client.close({ graceMs: 0 })))
  await Promise.all(services.map((service) => service.close()))
  return { callsPerIntent: calls / intents, succeeded: succeeded / intents }
}
