import { join } from 'node:path'
import type { Page } from 'puppeteer-core'
import { describe, expect, it, type TestContext } from 'vitest'
import { startExample } from '../http/support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type BrowserMutant, browserMutants } from './support/mutants.ts'
import { ready, scenarios } from './support/scenarios.ts'
import { chromiumOfFile, visiting } from './support/visiting.ts'

const browserOf = chromiumOfFile()

/** The others' run at a larger size: that those can fail is shown by a mutant each. */
const controls = new Set([
  'a double click',
  'back to the page',
  'a kept-alive connection that breaks',
  'two tabs at once',
])
const isLarger = ['verify', 'full'].includes(process.env['ONCEWARD_TEST_SIZE'] ?? '')

describe.each(Object.keys(scenarios))('%s', (name) => {
  it('has one effect', async (context) => {
    const { effects, keys } = await count(context, { name })
    expect({ effects, keys }).toEqual({ effects: 1, keys: 1 })
  })

  if (!controls.has(name) && !isLarger) return
  it('has two on a page that sends no key, so that they would be seen', async (context) => {
    expect(await count(context, { name, isGuarded: false })).toMatchObject({ effects: 2 })
  })
})

it('of two clicks while the first is pending one is sent', async (context) => {
  expect(await count(context, { name: 'two clicks while the first is pending' })).toMatchObject({
    requests: 1,
  })
})

describe('a guard that', () => {
  for (const mutant of browserMutants) {
    const { breaks, noticedBy: name, counts = 'effects' } = mutant
    it(`${breaks} is noticed by: ${name}`, async (context) => {
      const counted = await count(context, { name, mutant })
      expect(counted[counts]).toBeGreaterThan(1)
    })
  }
})

it('examples/browser charges once for each order that is meant', async (context) => {
  const browser = browserOf(context)
  const { url } = await startExample(
    'examples/browser/service.ts',
    join(temporaryDirectory(), 'orders.db'),
    '100',
  )
  const page = await browser.newPage()
  await page.goto(url)
  await ready(page)

  await page.click('#fetched button', { count: 2 })
  await shows(page, 'Order 1: a-1')
  await page.click('#fetched button')
  await shows(page, 'Order 1: a-1')
  await page.reload()
  await ready(page)
  await page.click('#fetched button')
  await shows(page, 'Order 1: a-1')
  await page.click('#another')
  await page.click('#fetched button')
  await shows(page, 'Order 2: a-1')

  for (let times = 0; times < 3; times += 1) {
    await page.click('#posted button')
    await ready(page, 'thanks')
    await shows(page, 'Order 3: b-1')
    await page.goBack()
    await ready(page)
  }
  await page.goto(url)
  await ready(page)
  await page.click('#posted button')
  await ready(page, 'thanks')
  await shows(page, 'Order 4: b-1')
  expect(await (await fetch(`${url}/charges`)).json()).toEqual(['a-1', 'a-1', 'b-1', 'b-1'])
})

async function shows(page: Page, text: string): Promise<void> {
  await page.waitForFunction(`document.querySelector('output').textContent === '${text}'`)
}

interface Counting {
  readonly name: string
  readonly isGuarded?: boolean
  readonly mutant?: BrowserMutant
}

interface Counted {
  /** At the peer. */
  readonly effects: number
  /** At the door of the shop. */
  readonly requests: number
  readonly keys: number
}

function count(context: TestContext, { name, ...visitors }: Counting): Promise<Counted> {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`There is no scenario "${name}".`)
  return visiting(browserOf(context), visitors, async ({ visit, shop }) => {
    await scenario(visit)
    const keys = new Set(shop.arrivals.map(({ key }) => key))
    return { effects: shop.peer.journal.length, requests: shop.arrivals.length, keys: keys.size }
  })
}
