import axiosRetry from 'axios-retry'
import { create } from 'axios'
import got from 'got'
import { Pool } from 'undici'
import type { CallerName } from '../cells.ts'
import { loadOutbound, loadRoot, type ProductForm, sqliteStore } from '../product.ts'

/** Makes a call of number `n`, and reads its answer whole. */
export interface Caller {
  call(n: number): Promise<number>
  end(): Promise<void>
}

export interface CallerPlace {
  readonly url: string
  readonly form: ProductForm
  readonly connections: number
  /** A file for a ledger. */
  readonly path: string
}

const body = JSON.stringify({ order: 'order-1', amount: 1999, currency: 'eur' })
const json = { 'content-type': 'application/json' }
const nothing = (): Promise<void> => Promise.resolve()

export async function startCaller(name: CallerName, place: CallerPlace): Promise<Caller> {
  const { url } = place
  const headers = (n: number): Record<string, string> => ({ ...json, 'idempotency-key': `order-${n}` })
  switch (name) {
    case 'undici':
      return bareUndici(place)
    case 'client':
    case 'client-sqlite':
      return onceward(name, place)
    case 'got': {
      const client = got.extend({
        prefixUrl: url,
        retry: { limit: 2, methods: ['POST'] },
        throwHttpErrors: false,
      })
      return {
        call: async (n) => (await client.post('orders', { headers: headers(n), body })).statusCode,
        end: nothing,
      }
    }
    case 'axios': {
      const { Agent } = await import('node:http')
      const httpAgent = new Agent({ keepAlive: true, maxSockets: place.connections })
      const client = create({ baseURL: url, httpAgent, responseType: 'text' })
      axiosRetry(client, { retries: 2 })
      return {
        call: async (n) => (await client.post('/orders', body, { headers: headers(n) })).status,
        end: async () => httpAgent.destroy(),
      }
    }
    case 'fetch':
      return {
        call: async (n) => {
          const answer = await fetch(`${url}/orders`, { method: 'POST', headers: headers(n), body })
          await answer.text()
          return answer.status
        },
        end: nothing,
      }
  }
}

/** Of the version that the product's lock file names. */
function bareUndici({ url, connections }: CallerPlace): Caller {
  const pool = new Pool(url, { connections, pipelining: 1 })
  return {
    call: async (n) => {
      const headers = { ...json, 'idempotency-key': `order-${n}` }
      const answer = await pool.request({ method: 'POST', path: '/orders', headers, body })
      await answer.body.text()
      return answer.statusCode
    },
    end: () => pool.destroy(),
  }
}

async function onceward(
  name: 'client' | 'client-sqlite',
  { url, form, connections, path }: CallerPlace,
): Promise<Caller> {
  const { createClient } = await loadOutbound(form)
  const { createOnceward } = await loadRoot(form)
  const once =
    name === 'client' ? undefined : createOnceward({ store: await sqliteStore(form, path), keyLint: 'off' })
  const client = createClient({
    baseUrl: url,
    pool: { connections },
    ...(once === undefined ? {} : { once }),
  })
  return {
    call: async (n) => {
      const idempotencyKey = `order-${n}`
      const answer = await client.request({
        method: 'POST',
        path: '/orders',
        headers: json,
        body,
        idempotencyKey,
      })
      answer.text()
      return answer.status
    },
    end: async () => {
      await client.close({ graceMs: 0 })
      await once?.close({ graceMs: 0 })
    },
  }
}
