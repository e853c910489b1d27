import type { Browser } from 'puppeteer-core'
import { afterAll, beforeAll, type TestContext } from 'vitest'
import { type Chromium, startChromium } from '../../support/chromium.ts'
import type { BrowserMutant } from './mutants.ts'
import { Visit } from './scenarios.ts'
import { openShop, type Shop } from './shop.ts'

export interface Visiting {
  readonly visit: Visit
  readonly shop: Shop
}

/** One Chromium for the tests of a file. `shop.test` is the loopback too, and no secure context, as 127.0.0.1 is one. */
export function chromiumOfFile(): (context: TestContext) => Browser {
  let chromium: Chromium
  beforeAll(async () => {
    chromium = await startChromium(['--host-resolver-rules=MAP shop.test 127.0.0.1'])
  })
  afterAll(async () => {
    if (chromium.kind === 'running') await chromium.browser.close()
  })
  return (context) => (chromium.kind === 'running' ? chromium.browser : context.skip(chromium.why))
}

/** A visit to a shop of its own, with a profile of its own. */
export async function visiting<T>(
  browser: Browser,
  visitors: { readonly isGuarded?: boolean; readonly mutant?: BrowserMutant | undefined },
  then: (visiting: Visiting) => Promise<T>,
): Promise<T> {
  const { isGuarded = true, mutant } = visitors
  const shop = await openShop(mutant)
  const context = await browser.createBrowserContext()
  try {
    return await then({ visit: new Visit(shop, context, isGuarded), shop })
  } finally {
    await context.close()
    await shop.close()
  }
}
