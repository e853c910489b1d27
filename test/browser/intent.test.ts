import type { Page } from 'puppeteer-core'
import { describe, expect, it } from 'vitest'
import { gate } from '../support/gate.ts'
import { buy, keyOf, ready, type Visit } from './support/scenarios.ts'
import { chromiumOfFile, visiting } from './support/visiting.ts'

const browserOf = chromiumOfFile()
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const refusals = {
  refused: `Object.defineProperty(window, 'sessionStorage', {
    get() { throw new DOMException('', 'SecurityError') },
  })`,
  full: "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') }",
}

describe('an intent', () => {
  for (const [what, code] of Object.entries(refusals)) {
    it(`lives in memory where the storage is ${what}, and says so`, async (context) => {
      await visiting(browserOf(context), {}, async ({ visit, shop }) => {
        const page = await visit.open('', 'fetch', (opened) => opened.evaluateOnNewDocument(code))
        expect(await page.evaluate('shop.intent.isKept')).toBe(false)
        await buy(page)
        await buy(page)
        expect(shop.peer.journal).toHaveLength(1)
      })
    })
  }

  it('has a key that is a UUID, in a context that is not secure too', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      expect(await keyOf(page)).toMatch(uuid)
      await page.goto(`http://shop.test:${new URL(shop.url).port}/guarded`)
      await ready(page)
      expect(await page.evaluate('[isSecureContext, typeof crypto.randomUUID]')).toEqual([false, 'undefined'])
      const keys = (await page.evaluate(
        'Array.from({ length: 1000 }, () => (shop.intent.renew(), shop.intent.key))',
      )) as string[]
      expect(keys.filter((key) => !uuid.test(key))).toEqual([])
      expect(new Set(keys).size).toBe(1000)
      expect(await buy(page)).toMatch(/^201/)
    })
  })

  it('begins anew when the page is opened once more after its end, here or by the way of another page', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit }) => {
      const page = await visit.open()
      const first = await keyOf(page)
      expect(await page.evaluate("shop.openIntent('order').key")).toBe(first)
      await page.evaluate('shop.intent.end()')
      const second = await page.evaluate("shop.openIntent('order').key")
      expect(second).not.toBe(first)
      await page.evaluate("shop.openIntent('order').end()")
      await visit.leaveAndComeBack(page)
      expect([first, second]).not.toContain(await keyOf(page))
    })
  })

  it('that is ended by a page put aside meanwhile is not the one that was begun since', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit }) => {
      const page = await visit.open()
      await page.evaluate(`shop.intent.end(); shop.next = shop.openIntent('order'); shop.intent.end()`)
      expect(await page.evaluate('[shop.intent.hasEnded, shop.next.hasEnded]')).toEqual([true, false])
    })
  })

  it('with a name for the work has that key, and keeps nothing', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit }) => {
      const page = await visit.open('key=cart-42')
      await buy(page)
      expect(await page.evaluate('[shop.intent.key, shop.intent.hasEnded, sessionStorage.length]')).toEqual([
        'cart-42',
        false,
        0,
      ])
    })
  })
})

describe('keyedFetch', () => {
  it('waits for Retry-After at least, with the same key and the same bytes', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      shop.faults.push({ isDone: false, status: 503, headers: { 'retry-after': '1' } })
      const multipart = `(() => {
        const body = new FormData()
        body.set('sku', 'a-1')
        return shop.keyedFetch(shop.intent, '/orders', { method: 'POST', body }).then(({ status }) => status)
      })()`
      expect(await page.evaluate(multipart)).toBe(201)
      const [first, second] = shop.arrivals
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1000)
      expect(second?.key).toBe(`"${await keyOf(page)}"`)
      expect(second).toMatchObject({ key: first?.key, type: first?.type })
      expect(second?.type).toMatch(/^multipart\/form-data; boundary=/)
    })
  })

  it('hands back at once what asks for more patience than it has, and keeps the key', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      shop.faults.push({ isDone: false, status: 503, headers: { 'retry-after': '3600' } })
      expect(await buy(page)).toMatch(/^503/)
      expect(shop.arrivals).toHaveLength(1)
      expect(await page.evaluate('shop.intent.hasEnded')).toBe(false)
    })
  })

  it('sends as often as it may, and no more', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await openWith(visit, { tries: 3 })
      shop.faults.push(...Array.from({ length: 4 }, () => ({ isDone: false, status: 500 })))
      expect(await buy(page)).toMatch(/^500/)
      expect(shop.arrivals).toHaveLength(3)
    })
  })

  it('gets the first answer after a try that took too long', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await openWith(visit, { timeoutMs: 300 })
      const slow = gate()
      shop.faults.push({ isDone: true, gate: slow })
      expect(await buy(page)).toMatch(/^201/)
      slow.open()
      expect(shop.arrivals.length).toBeGreaterThan(1)
      expect(shop.peer.journal).toHaveLength(1)
    })
  })

  it('stops when it is told to, before, during and between tries, and keeps the key', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      const before = "AbortSignal.abort(new Error('stopped'))"
      expect(await page.evaluate(sendWith(before))).toBe('Error: stopped')
      expect(shop.arrivals).toHaveLength(0)

      const held = gate()
      shop.faults.push({ isDone: false, gate: held })
      const during = page.evaluate(`shop.stop = new AbortController(); ${sendWith('shop.stop.signal')}`)
      await held.arrived
      await page.evaluate("shop.stop.abort(new Error('stopped'))")
      expect(await during).toBe('Error: stopped')
      held.open()

      shop.faults.push({ isDone: false, status: 503, headers: { 'retry-after': '50' } })
      const between = page.evaluate(`shop.stop = new AbortController(); ${sendWith('shop.stop.signal')}`)
      await page.waitForResponse((response) => response.status() === 503)
      await page.evaluate("shop.stop.abort(new Error('stopped'))")
      expect(await between).toBe('Error: stopped')
      expect(await page.evaluate('shop.intent.hasEnded')).toBe(false)
    })
  })

  it('leaves the header to a page that sets it, and the last word to a page that knows better', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      shop.faults.push({ isDone: false, status: 409 })
      const status = await page.evaluate(`shop.keyedFetch(shop.intent, '/orders', {
        method: 'POST',
        headers: { 'idempotency-key': shop.intent.key },
        isFinal: ({ status }) => status === 409,
      }).then(({ status }) => status)`)
      expect(status).toBe(409)
      expect(shop.arrivals[0]?.key).toBe(await keyOf(page))
      expect(await page.evaluate('shop.intent.hasEnded')).toBe(true)
    })
  })
})

/** A page that does not wait between tries. */
function openWith(visit: Visit, init: object): Promise<Page> {
  const query = `init=${encodeURIComponent(JSON.stringify(init))}`
  return visit.open(query, 'fetch', (page) => page.evaluateOnNewDocument('Math.random = () => 0'))
}

function sendWith(signal: string): string {
  return `shop.keyedFetch(shop.intent, '/orders', { method: 'POST', signal: ${signal} }).then(String, String)`
}
