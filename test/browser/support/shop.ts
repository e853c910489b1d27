import express, { type Express, type Request, type Response } from 'express'
import { idempotency } from '../../../src/frameworks/express/index.ts'
import { createOnceward } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory/index.ts'
import { listen } from '../../../src/testing/http/listen.ts'
import { type Gate, gate } from '../../support/gate.ts'
import { Peer } from '../../support/peer.ts'
import { browserCode } from './bundle.ts'
import type { BrowserMutant } from './mutants.ts'
import { answerPage, formPage, isPageName, otherPage } from './pages.ts'

/** What happens to the next request on its way: each is done by whoever stands in front of the service. */
export interface Fault {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the request reaches the service at all. */
  readonly isDone: boolean
  /** Stands between what the service did and what the client is told. */
  readonly gate?: Gate<void>
}

/** One request as it came to the door. */
export interface Arrival {
  readonly atMs: number
  readonly key: string | undefined
  readonly type: string | undefined
  readonly body: unknown
}

/** A shop: its pages, its service behind `onceward/express`, and the peer at which effects are counted. */
export interface Shop {
  readonly url: string
  readonly peer: Peer
  readonly arrivals: readonly Arrival[]
  /** What the next requests meet, one each. */
  readonly faults: Fault[]
  /** Whether pages are served over connections that requests may use afterwards. */
  isKeptAlive: boolean
  /** Holds handlers, with their effect done and their answer not given. */
  hold(): Gate<void>
  close(): Promise<void>
}

const effect = 'order'

export async function openShop(mutant?: BrowserMutant): Promise<Shop> {
  const peer = new Peer()
  const arrivals: Arrival[] = []
  const faults: Fault[] = []
  const code = await browserCode(mutant)
  let held: Gate<void> | undefined
  const once = createOnceward({ store: memoryStore(), scope: 'shop', sweep: false })

  const app = express()
  app.get('/*path', (_, response, next) => {
    if (!shop.isKeptAlive) response.set('connection', 'close')
    next()
  })
  pages(app, code)
  app.post('/orders', express.urlencoded({ extended: false }), express.json())
  app.post('/orders', (request, response, next) => {
    if (request.headers['x-passed'] !== undefined) return next()
    const type = request.get('content-type')
    arrivals.push({ atMs: performance.now(), key: keyOf(request), type, body: request.body as unknown })
    const fault = faults.shift()
    return fault === undefined ? next() : meet(fault, request, response)
  })
  app.post('/orders', idempotency(once, { caller: 'anonymous', keyFromBody: '/idempotency-key' }))
  app.post('/orders', async (request, response) => {
    const text = peer.do(effect)
    await held?.pass()
    if (request.is('json')) response.status(201).json({ order: text })
    else
      response
        .status(201)
        .type('html')
        .send(answerPage(text, keyOf(request)))
  })
  const service = await listen(app)
  const shop: Shop = {
    url: service.url,
    peer,
    arrivals,
    faults,
    isKeptAlive: true,
    hold: () => (held = gate()),
    close: async () => {
      held?.open()
      await service.close()
      await once.close()
    },
  }
  return shop
}

function pages(app: Express, code: string): void {
  app.get('/onceward.js', (_, response) => void response.type('js').send(code))
  app.get('/other', (_, response) => void response.send(otherPage()))
  app.get('/:name', (request, response) => {
    const { name } = request.params
    if (!isPageName(name)) return void response.sendStatus(404)
    // A page that may not be stored is loaded anew when the user goes back.
    if (request.query['store'] === 'no') response.set('cache-control', 'no-store')
    return void response.send(formPage(name))
  })
}

/** As a proxy in front: it hands the request on, or does not, and says something else of it than the service. */
async function meet(fault: Fault, request: Request, response: Response): Promise<void> {
  if (fault.isDone) {
    const { host } = request.headers
    const headers = { ...(request.headers as Record<string, string>), 'x-passed': '1' }
    const body = request.is('json') ? JSON.stringify(request.body) : String(new URLSearchParams(request.body))
    await fetch(`http://${host}/orders`, { method: 'POST', headers: withoutHops(headers), body })
  }
  await fault.gate?.pass()
  if (fault.status === undefined) request.socket.destroy()
  else response.status(fault.status).set(fault.headers).end()
}

function withoutHops(headers: Record<string, string>): Record<string, string> {
  const { connection: _, 'content-length': __, host: ___, ...others } = headers
  return others
}

function keyOf(request: Request): string | undefined {
  const { 'idempotency-key': inBody } = (request.body ?? {}) as Record<string, string>
  return request.get('idempotency-key') ?? inBody
}
