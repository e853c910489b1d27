import type { BrowserContext, Page } from 'puppeteer-core'
import { gate } from '../../support/gate.ts'
import type { Shop } from './shop.ts'

/** What a user and a bad network do to a page. Ends when everything that was sent has been answered. */
export type Scenario = (visit: Visit) => Promise<void>

/** Who posts the form: the page by `fetch`, or the browser. */
type Kind = 'fetch' | 'native'

/** The browser of one user, in the shop. */
export class Visit {
  readonly shop: Shop
  readonly context: BrowserContext
  /** Whether the pages are the guarded ones or those of the control. */
  readonly isGuarded: boolean

  constructor(shop: Shop, context: BrowserContext, isGuarded: boolean) {
    this.shop = shop
    this.context = context
    this.isGuarded = isGuarded
  }

  /** `prepare` comes before the first page. */
  async open(
    query = '',
    kind: Kind = 'fetch',
    prepare: (page: Page) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<Page> {
    const page = await this.context.newPage()
    await prepare(page)
    await page.goto(this.address(query, kind))
    await ready(page)
    return page
  }

  address(query = '', kind: Kind = 'fetch'): string {
    const guarded = kind === 'fetch' ? 'guarded' : 'native'
    const control = kind === 'fetch' ? 'control' : 'native-control'
    return `${this.shop.url}/${this.isGuarded ? guarded : control}?${query}`
  }

  /** A page that gives up after one try. */
  openHasty(query = ''): Promise<Page> {
    return this.open(`tries=1&init=${encodeURIComponent('{"tries":1}')}&${query}`)
  }

  async leaveAndComeBack(page: Page): Promise<void> {
    const address = page.url()
    await page.goto(`${this.shop.url}/other`)
    await page.goto(address)
    await ready(page)
  }
}

export async function ready(page: Page, name = 'form'): Promise<void> {
  await page.waitForSelector(`body[data-ready="${name}"]`)
}

/** Clicks, and waits for one more answer than there was. */
export async function buy(page: Page): Promise<string> {
  const answers = await answersOf(page)
  await page.click('#buy')
  return answer(page, answers + 1)
}

export async function answer(page: Page, count: number): Promise<string> {
  await page.waitForFunction(`Number(document.body.dataset.answers ?? 0) >= ${count}`)
  return String(await page.evaluate("document.querySelector('output').textContent"))
}

/** The key that the page would send now. */
export async function keyOf(page: Page): Promise<string> {
  return String(await page.evaluate('shop.intent.key'))
}

async function answersOf(page: Page): Promise<number> {
  return Number(await page.evaluate('document.body.dataset.answers ?? 0'))
}

/** Until the server has seen whatever the page sent before this. */
async function fence(page: Page): Promise<void> {
  await page.evaluate("fetch('/other').then((response) => response.text())")
}

async function back(page: Page): Promise<void> {
  await page.goBack()
  await ready(page)
}

export async function copyOfTab(page: Page): Promise<Page> {
  const popup = new Promise<Page | null>((resolve) => void page.once('popup', resolve))
  await page.evaluate('void window.open(location.href)')
  const copy = await popup
  if (copy === null) throw new Error('no tab was opened')
  await ready(copy)
  return copy
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  'a double click': async (visit) => {
    const page = await visit.open()
    const held = visit.shop.hold()
    await page.click('#buy', { count: 2 })
    await held.arrived
    await fence(page)
    held.open()
    await answer(page, visit.isGuarded ? 1 : 2)
  },

  'two clicks while the first is pending': async (visit) => {
    const page = await visit.open()
    const held = visit.shop.hold()
    await page.click('#buy')
    await held.arrived
    // The button is disabled by now: the second comes from a script.
    await page.evaluate("document.querySelector('form').requestSubmit()")
    await fence(page)
    held.open()
    await answer(page, visit.isGuarded ? 1 : 2)
  },

  'a second click after the answer': async (visit) => {
    const page = await visit.open()
    await buy(page)
    await buy(page)
  },

  'a reload in mid-request': async (visit) => {
    const page = await visit.open()
    const held = visit.shop.hold()
    await page.click('#buy')
    await held.arrived
    await page.reload()
    await ready(page)
    held.open()
    await buy(page)
  },

  /** A browser with a back-forward cache puts the page aside with its scripts; the headless shell loads it anew. */
  'back to the page': async (visit) => {
    const page = await visit.open()
    await buy(page)
    await page.goto(`${visit.shop.url}/other`)
    await back(page)
    await buy(page)
  },

  'back to a page that is loaded anew': async (visit) => {
    const page = await visit.open('store=no')
    await buy(page)
    await page.goto(`${visit.shop.url}/other`)
    await back(page)
    await page.waitForSelector('body[data-persisted="false"]')
    await buy(page)
  },

  'back to a form that the browser posted itself': async (visit) => {
    const page = await visit.open('', 'native')
    await buyNatively(page)
    await back(page)
    await buyNatively(page)
  },

  'back to a form that the browser posted itself, loaded anew, and back again': async (visit) => {
    const page = await visit.open('store=no', 'native')
    await buyNatively(page)
    for (let times = 0; times < (visit.isGuarded ? 2 : 1); times += 1) {
      await back(page)
      await page.waitForSelector('body[data-persisted="false"]')
      await buyNatively(page)
    }
  },

  'offline and online again': async (visit) => {
    visit.shop.isKeptAlive = false
    // The network may be gone before the page is told that it is.
    const page = await visit.open('tries=1000')
    const lost = gate()
    visit.shop.faults.push({ isDone: true, gate: lost })
    await page.click('#buy')
    await lost.arrived
    await page.setOfflineMode(true)
    await page.waitForFunction('!navigator.onLine')
    lost.open()
    await page.setOfflineMode(false)
    await answer(page, 1)
  },

  'given up, left and come back to': async (visit) => {
    const page = await visit.openHasty()
    visit.shop.faults.push({ isDone: true, status: 504 })
    await buy(page)
    await visit.leaveAndComeBack(page)
    await buy(page)
  },

  'cut off, left and come back to': async (visit) => {
    visit.shop.isKeptAlive = false
    const page = await visit.openHasty()
    visit.shop.faults.push({ isDone: true })
    await buy(page)
    await visit.leaveAndComeBack(page)
    await buy(page)
  },

  /** No line of the page tries again here: the browser does so itself, where a connection breaks that was used before. */
  'a kept-alive connection that breaks': async (visit) => {
    const page = await visit.openHasty()
    visit.shop.faults.push({ isDone: true })
    await buy(page)
  },

  'two tabs, one a copy of the other': async (visit) => {
    const page = await visit.open()
    const copy = await copyOfTab(page)
    await buy(page)
    await copy.bringToFront()
    await buy(copy)
  },

  'two tabs at once': async (visit) => {
    const page = await visit.open()
    const copy = await copyOfTab(page)
    const held = visit.shop.hold()
    const answers = [page, copy].map((tab) => buy(tab))
    await held.arrived
    await fence(page)
    held.open()
    await Promise.all(answers)
  },

  'two tabs that know the cart by its name': async (visit) => {
    const tabs = [await visit.open('key=cart-42'), await visit.open('key=cart-42')]
    for (const tab of tabs) {
      await tab.bringToFront()
      await buy(tab)
    }
  },
}

async function buyNatively(page: Page): Promise<void> {
  await page.click('#buy')
  await ready(page, 'answer')
}
