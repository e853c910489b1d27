import type { Page } from 'puppeteer-core'
import { describe, expect, it } from 'vitest'
import { answer, buy, keyOf, ready } from './support/scenarios.ts'
import { chromiumOfFile, visiting } from './support/visiting.ts'

const browserOf = chromiumOfFile()

describe('a guarded form', () => {
  it('is busy and its submitter disabled while it is pending, and neither after the answer', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      const held = shop.hold()
      await page.click('#buy')
      await held.arrived
      expect(await look(page)).toEqual({ isBusy: 'true', isDisabled: true, states: ['pending'] })
      held.open()
      await answer(page, 1)
      expect(await look(page)).toEqual({
        isBusy: 'false',
        isDisabled: false,
        states: ['pending', 'answered'],
      })
    })
  })

  it('is restored after a failure, and keeps its key', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      shop.isKeptAlive = false
      const page = await visit.openHasty()
      shop.faults.push({ isDone: false })
      expect(await buy(page)).toMatch(/^TypeError/)
      expect(await look(page)).toEqual({ isBusy: 'false', isDisabled: false, states: ['pending', 'failed'] })
      expect(await buy(page)).toMatch(/^201/)
      expect(new Set(shop.arrivals.map(({ key }) => key)).size).toBe(1)
    })
  })

  it('drops the second click of a double click, whatever the answer has changed by then', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      await page.evaluate(`document.querySelector('form').addEventListener('onceward', ({ detail, target }) => {
        if (detail.state === 'answered') target.reset()
      })`)
      await buy(page)
      const second = '{ detail: 2, bubbles: true, cancelable: true }'
      await page.evaluate(`document.querySelector('#buy').dispatchEvent(new MouseEvent('click', ${second}))`)
      await buy(page)
      expect(shop.arrivals).toHaveLength(2)
    })
  })

  it('that is no longer guarded is the browser’s again', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit }) => {
      const page = await visit.open()
      await page.evaluate('shop.unguard()')
      await page.click('#buy')
      await ready(page, 'answer')
    })
  })

  it('that is no longer guarded has no field for the key any more', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit }) => {
      const page = await visit.open('', 'native')
      await page.evaluate('shop.unguard()')
      expect(await page.$('[name=idempotency-key]')).toBeNull()
    })
  })
})

describe('a form that the browser posts', () => {
  it('carries the key and the value of its submitter', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open('', 'native')
      const key = await keyOf(page)
      await page.click('#buy')
      await ready(page, 'answer')
      expect(shop.arrivals.map(({ body }) => body)).toEqual([
        { sku: 'a-1', by: 'Buy', 'idempotency-key': key },
      ])
    })
  })

  it('is not pending when a listener behind the guard has kept it back', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit }) => {
      const page = await visit.open('', 'native')
      await page.evaluate(`document.querySelector('form').addEventListener('submit', (event) => {
        event.preventDefault()
        setTimeout(() => { document.body.dataset.keptBack = 'true' })
      }, { once: true })`)
      await page.click('#buy')
      await page.waitForSelector('body[data-kept-back]')
      expect(await look(page)).toEqual({ isBusy: null, isDisabled: false, states: [] })
      await page.click('#buy')
      await ready(page, 'answer')
    })
  })

  it('is restored when the page is come back to as it was put aside', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open('', 'native')
      shop.faults.push({ isDone: true, status: 204 })
      await page.click('#buy')
      await page.waitForFunction("shop.states.join() === 'pending'")
      await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
      expect(await look(page)).toEqual({
        isBusy: 'false',
        isDisabled: false,
        states: ['pending', 'restored'],
      })
    })
  })

  it('is restored in time where the answer leaves the page standing', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      shop.faults.push({ isDone: true, status: 204 })
      const page = await visit.open('', 'native', (opened) =>
        opened.evaluateOnNewDocument(`{
          const own = setTimeout
          window.setTimeout = (then, ms) => own(then, ms === 30000 ? 1 : ms)
        }`),
      )
      await page.click('#buy')
      await page.waitForFunction("shop.states.join() === 'pending,restored'")
      await page.click('#buy')
      await ready(page, 'answer')
      expect(shop.peer.journal).toHaveLength(1)
    })
  })
})

describe('what the user changes', () => {
  it('after the answer begins the next intent', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      await buy(page)
      await page.type('[name=sku]', '2')
      expect(await buy(page)).toMatch(/^201/)
      expect(shop.peer.journal).toHaveLength(2)
    })
  })

  it('while it is pending counts after the answer', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.open()
      const held = shop.hold()
      await page.click('#buy')
      await held.arrived
      await page.type('[name=sku]', '2')
      held.open()
      await answer(page, 1)
      expect(await buy(page)).toMatch(/^201/)
      expect(shop.peer.journal).toHaveLength(2)
    })
  })

  it('while the outcome is unknown goes out under the same key, and is refused if the first had arrived', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.openHasty()
      shop.faults.push({ isDone: true, status: 504 })
      await buy(page)
      await page.type('[name=sku]', '2')
      expect(await buy(page)).toMatch(/^422 .*key-reused/)
      expect(await buy(page)).toMatch(/^422/)
      expect(shop.peer.journal).toHaveLength(1)
    })
  })

  it('while the outcome is unknown is carried out if the first had not arrived', async (context) => {
    await visiting(browserOf(context), {}, async ({ visit, shop }) => {
      const page = await visit.openHasty()
      shop.faults.push({ isDone: false, status: 504 })
      await buy(page)
      await page.type('[name=sku]', '2')
      expect(await buy(page)).toMatch(/^201/)
      expect(shop.peer.journal).toHaveLength(1)
    })
  })
})

/** What a user sees of the guard, and what the page has been told. */
async function look(page: Page): Promise<unknown> {
  return page.evaluate(`({
    isBusy: document.querySelector('form').getAttribute('aria-busy'),
    isDisabled: document.querySelector('#buy').disabled,
    states: shop.states,
  })`)
}
