import type { Browser } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { type Chromium, startChromium } from '../support/chromium.ts'
import { type BrowserMutant, browserMutants } from './support/mutants.ts'
import { type Counted, play, scenarios } from './support/scenarios.ts'
import { openShop } from './support/shop.ts'

let chromium: Chromium

beforeAll(async () => {
  chromium = await startChromium()
})

afterAll(async () => {
  if (chromium.kind === 'running') await chromium.browser.close()
})

describe.each(Object.keys(scenarios))('%s', (name) => {
  it('has one effect', async (context) => {
    const { effects, keys } = await count(context, { name })
    expect({ effects, keys }).toEqual({ effects: 1, keys: 1 })
  })

  it('has two on a page that sends no key, so that they would be seen', async (context) => {
    expect(await count(context, { name, isGuarded: false })).toMatchObject({ effects: 2 })
  })
})

it('of two clicks while the first is pending one is sent', async (context) => {
  expect(await count(context, { name: 'two clicks while the first is pending' })).toMatchObject({
    requests: 1,
  })
})

describe.each(browserMutants)('a guard that $breaks', (mutant) => {
  const { noticedBy: name } = mutant
  it(`is noticed by: ${name}`, async (context) => {
    const counted = await count(context, { name, mutant })
    expect(counted[mutant.counts ?? 'effects']).toBeGreaterThan(1)
  })
})

interface Counting {
  readonly name: string
  readonly isGuarded?: boolean
  readonly mutant?: BrowserMutant
}

async function count(context: TestContext, { name, isGuarded = true, mutant }: Counting): Promise<Counted> {
  const shop = await openShop(mutant)
  try {
    return await play(browserOf(context), shop, { name, isGuarded })
  } finally {
    await shop.close()
  }
}

function browserOf(context: TestContext): Browser {
  return chromium.kind === 'running' ? chromium.browser : context.skip(chromium.why)
}
