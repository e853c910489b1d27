import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache'
import { Idempotency } from '@node-idempotency/core'
import { measureLoad, type Work } from '../load.ts'
import { type Contender, replayEntries } from './contender.ts'
import { charged } from './operations.ts'

/**
 * Libraries whose stores are far away (DynamoDB, Redis): a `Map` stands in for them, so that what is measured is the
 * library alone. Their real stores only add to it.
 */
export class MapStore {
  readonly #values = new Map<string, string>()

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#values.get(key))
  }

  set(key: string, value: string): Promise<void> {
    this.#values.set(key, value)
    return Promise.resolve()
  }

  setIfNotExists(key: string, value: string): Promise<boolean> {
    if (this.#values.has(key)) return Promise.resolve(false)
    this.#values.set(key, value)
    return Promise.resolve(true)
  }

  delete(key: string): Promise<boolean> {
    return Promise.resolve(this.#values.delete(key))
  }
}

type Run = (n: number) => Promise<unknown>

interface Order {
  readonly order: number
  readonly amount: number
  readonly currency: string
}

function contender(makeRun: () => Run): Promise<Contender> {
  return Promise.resolve({
    measure: async (cell, window) => {
      const once = makeRun()
      const isReplay = cell.work === 'replay'
      if (isReplay) for (let n = 0; n < replayEntries; n += 1) await once(n)
      const run: Work['run'] = (n) => once(isReplay ? n % replayEntries : n)
      return measureLoad({ run }, cell.concurrency, window)
    },
    close: () => Promise.resolve(),
  })
}

export function powertoolsContender(): Promise<Contender> {
  return contender(() => {
    const store = new MapStore()
    const client = {
      get: async (name: string) => (await store.get(name)) ?? null,
      set: async (name: string | Uint8Array, value: unknown, options?: unknown) => {
        const isConditional = typeof options === 'object' && options !== null && 'NX' in options
        if (!isConditional) await store.set(String(name), String(value))
        else if (!(await store.setIfNotExists(String(name), String(value)))) return null
        return 'OK'
      },
      del: async (keys: string[]) => {
        for (const key of keys) await store.delete(key)
        return keys.length
      },
    }
    const persistenceStore = new CachePersistenceLayer({ client })
    const config = new IdempotencyConfig({ eventKeyJmesPath: 'order', expiresAfterSeconds: 86_400 })
    // Without a context it warns at every call, which is slower than all the rest.
    config.registerLambdaContext({ getRemainingTimeInMillis: () => 30_000 })
    const effect = (order: Order): Promise<unknown> => Promise.resolve(charged(String(order.order)))
    const charge = makeIdempotent(effect, { persistenceStore, config })
    // It takes 0 for no key.
    return (n) => charge({ order: n + 1, amount: 4_200, currency: 'EUR' })
  })
}

export function nodeIdempotencyContender(): Promise<Contender> {
  return contender(() => {
    const idempotency = new Idempotency(new MapStore())
    return async (n) => {
      const request = {
        headers: { 'idempotency-key': `order-${n}` },
        path: '/charges',
        method: 'POST',
        body: { order: n, amount: 4_200, currency: 'EUR' },
      }
      const known = await idempotency.onRequest(request)
      if (known !== undefined) return known
      return idempotency.onResponse(request, { body: charged(String(n)) })
    }
  })
}
