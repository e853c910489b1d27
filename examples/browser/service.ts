/**
 * A shop whose order form may be clicked twice, reloaded, gone back to and lost in a tunnel:
 * `node examples/browser/service.ts [FILE] [DELAY_MS]`. It prints its address; `PORT` chooses the port.
 */
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { rolldown } from 'rolldown'
// In a package of yours: from 'onceward', 'onceward/express' and 'onceward/sqlite'.
import { idempotency } from '../../src/frameworks/express/index.ts'
import { createOnceward } from '../../src/index.ts'
import { sqliteStore } from '../../src/stores/sqlite/index.ts'

const [file = 'orders.db', delayMs = '2000'] = process.argv.slice(2)
const once = createOnceward({ store: sqliteStore({ path: file }), scope: 'shop' })
/** What has been charged by this process: one line for each charge, so that a double one is seen. */
const charges: string[] = []

const app = express()

app.get('/', (_, response) => response.sendFile('page.html', { root: import.meta.dirname }))
app.get('/thanks', (_, response) => response.sendFile('thanks.html', { root: import.meta.dirname }))
app.get('/page.js', (_, response) => response.sendFile('page.js', { root: import.meta.dirname }))
app.get('/charges', (_, response) => response.json(charges))
// In a package of yours the page imports 'onceward/browser', and your bundler does this.
const bundle = await rolldown({
  input: fileURLToPath(new URL('../../src/browser/index.ts', import.meta.url)),
  platform: 'browser',
})
const { output } = await bundle.generate({ format: 'esm', minify: true })
app.get('/onceward.js', (_, response) => response.type('js').send(output[0].code))

app.post(
  '/orders',
  // The body is read first, because the key of a form that the browser posts itself lies in it.
  express.urlencoded({ extended: false }),
  idempotency(once, {
    // In a shop of yours: the account, or the visitor's session.
    caller: 'anonymous',
    require: true,
    keyFromBody: '/idempotency-key',
  }),
  async (request, response) => {
    const { sku, 'idempotency-key': key } = request.body as Record<string, string>
    charges.push(`${sku}`)
    await sleep(Number(delayMs))
    const text = `Order ${charges.length}: ${sku}`
    // A posted form leads to a page that lets go of its key.
    if (key === undefined) response.status(201).send(text)
    else response.redirect(303, `/thanks?${String(new URLSearchParams({ key, text }))}`)
  },
)

const server = app.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => {
  server.close(() => void once.close())
  server.closeAllConnections()
})
