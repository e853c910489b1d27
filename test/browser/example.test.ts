import { join } from 'node:path'
import type { Page } from 'puppeteer-core'
import { expect, it } from 'vitest'
import { startExample } from '../http/support/example.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { ready } from './support/scenarios.ts'
import { chromiumOfFile } from './support/visiting.ts'

const browserOf = chromiumOfFile()

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
