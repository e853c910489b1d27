// node load-process.ts KIND FORM STORE_PATH URL TARGET: performs HTTP effects, by the library or by a server; prints effects/s.
import { Pool } from 'undici'
import { measureLoad, type Work } from '../load.ts'
import { loadOutbound, loadRoot, type ProductForm, sqliteStore } from '../product.ts'

const [kind = '', form = 'build', path = '', url = '', target = ''] = process.argv.slice(2)
const concurrency = 64
const window = { warmMs: 1000, measureMs: 4000 }
const run = Date.now().toString(36)

const works: Readonly<Record<string, () => Promise<Work>>> = {
  library: async () => {
    const { createOnceward } = await loadRoot(form as ProductForm)
    const { createClient } = await loadOutbound(form as ProductForm)
    const once = createOnceward({ store: await sqliteStore(form as ProductForm, path), scope: 'library' })
    const client = createClient({ baseUrl: target, once, pool: { connections: concurrency } })
    return {
      run: (n) =>
        client.request({
          method: 'POST',
          path: '/charges',
          body: { amount: n },
          intent: { operation: 'charge', key: ['order', run, n], safety: 'blind', input: { amount: n } },
        }),
      end: async () => {
        await client.close()
        await once.close()
      },
    }
  },
  server: () => {
    const pool = new Pool(url, { connections: concurrency })
    const headers = { 'content-type': 'application/json' }
    return Promise.resolve({
      run: async (n) => {
        const body = JSON.stringify({
          key: ['order', run, n],
          operation: 'charge',
          target: { url: `${target}/charges` },
          body: { amount: n },
        })
        const answer = await pool.request({ method: 'POST', path: '/v1/effects', headers, body })
        await answer.body.dump()
        if (answer.statusCode !== 200) throw new Error(`an effect was answered ${answer.statusCode}`)
      },
      end: () => pool.close(),
    })
  },
  /** Claims alone, as a busy service makes them. */
  claims: async () => {
    const { createOnceward } = await loadRoot(form as ProductForm)
    const once = createOnceward({ store: await sqliteStore(form as ProductForm, path), scope: 'claims' })
    return { run: (n) => once.run({ operation: 'op', key: [run, n] }, () => n), end: () => once.close() }
  },
}

const make = works[kind]
if (make === undefined) throw new Error(`there is no load ${kind}`)
const { opsPerSecond } = await measureLoad(await make(), concurrency, window)
console.log(JSON.stringify({ opsPerSecond }))
