import { describe, expect, it, type TestContext } from 'vitest'
import { type BrowserMutant, browserMutants } from './support/mutants.ts'
import { scenarios } from './support/scenarios.ts'
import { chromiumOfFile, visiting } from './support/visiting.ts'

const browserOf = chromiumOfFile()

/** Those of the others run at a larger size: that their tests can fail is shown by a mutant each. */
const controls = new Set([
  'a double click',
  'a reload in mid-request',
  'back to the page',
  'offline and online again',
  'a kept-alive connection that breaks',
  'two tabs, one a copy of the other',
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
