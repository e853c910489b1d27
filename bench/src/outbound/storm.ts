import { listen } from '../../../src/testing/http/listen.ts'
import type { RunningService } from '../../../src/testing/http/adapter.ts'
import type { StormName } from '../cells.ts'
import type { Measurement } from '../load.ts'
import { loadOutbound, type ProductForm } from '../product.ts'

/** Its connections outlive the pauses between tries. */
const staying = { keepAliveTimeout: 60_000 }

const layers = 5

export interface StormSize {
  readonly form: ProductForm
  readonly intents: number
  /** Intents at once. */
  readonly concurrency: number
  /** Share of its calls that the peer fails, from 0 to 1. */
  readonly failing: number
}

/** The same calls fail in every run, but with no order that a retry could fall in step with (a hash of the number). */
function share(n: number): number {
  const mixed = Math.imul(n ^ (n >>> 15), 0x2c1b3c6d)
  const again = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return ((again ^ (again >>> 15)) >>> 0) / 2 ** 32
}

/**
 * Five services, each calling the next, before a peer that fails: how many calls reach the peer for each intent. Every
 * call carries its key, so that all of them may be retried.
 */
export async function storm(
  policy: StormName,
  { form, intents, concurrency, failing }: StormSize,
): Promise<Measurement> {
  const { createClient } = await loadOutbound(form)
  let calls = 0
  const peer = await listen((request, response) => {
    calls += 1
    request.resume()
    response.writeHead(share(calls) < failing ? 503 : 201).end()
  }, staying)
  const services: RunningService[] = [peer]
  const budget = policy === 'storm-no-budget' ? { ratio: 100, min: 1_000_000 } : {}
  const clients = []
  for (let layer = 0; layer < layers; layer += 1) {
    const baseUrl = (services.at(-1) as RunningService).url
    const client = createClient({ baseUrl, budget, retry: { attempts: 3, baseMs: 2, capMs: 5 } })
    clients.push(client)
    if (layer === layers - 1) break
    services.push(
      await listen((request, response) => {
        request.resume()
        const idempotencyKey = String(request.headers['idempotency-key'])
        const answered = client
          .request({ method: 'POST', path: '/', idempotencyKey })
          .catch(() => ({ status: 503 }))
        void answered.then(({ status }) => {
          const word = policy === 'storm-word' && status >= 500 ? { 'x-should-retry': 'false' } : {}
          response.writeHead(status, word).end()
        })
      }, staying),
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
  const sinceMs = performance.now()
  await Promise.all(Array.from({ length: concurrency }, loop))
  const tookMs = performance.now() - sinceMs
  await Promise.all(clients.map((client) => client.close({ graceMs: 0 })))
  await Promise.all(services.map((service) => service.close()))
  return {
    operations: intents,
    opsPerSecond: (intents / tookMs) * 1000,
    meanMs: (tookMs * concurrency) / intents,
    callsPerIntent: calls / intents,
    succeeded: succeeded / intents,
  }
}
