import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ElementHandle, Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import { type PostMortem, postMortemHtml, writePostMortem } from '../../../src/incidents/index.ts'
import { type Chromium, startChromium } from '../../support/chromium.ts'
import {
  type Colour,
  colourOf,
  coloursOf,
  contrastIn,
  isNear,
  type Picture,
  pictureOf,
} from '../../support/pixels.ts'
import { root } from '../../support/repo.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'

/*
 * What a reader sees, measured in pixels and boxes, not compared with pictures: fonts differ from one machine to the next.
 */

const folder = makeTemporaryDirectory()
const path = join(folder.path, 'post-mortem.html')
const shots = join(root, 'artifacts', 'postmortem')
let chromium: Chromium
let pm: PostMortem

const minute = (count: number): string => new Date(Date.UTC(2026, 1, 7, 13, count)).toISOString()

/** The example, with more of everything that may stand in each other's way. */
async function crowded(): Promise<PostMortem> {
  const example = await writePostMortem(join(root, 'examples/triage-bundle'), { fromTriage: true })
  const [rate] = example.rates
  const [cause] = example.causes
  if (rate === undefined || cause === undefined) throw new Error('the example has no chart, or no cause')
  const changes = [2, 40, 41, 42, 90, 130].map((at) => ({ at: minute(at), name: `change_at_${at}` }))
  return {
    ...example,
    rates: [{ ...rate, counts: rate.counts.map((_, at) => (at < 60 ? at % 7 : 0)), changes }],
    histograms: [
      {
        title: 'Sizes of messages',
        unit: 'messages',
        bars: Array.from({ length: 14 }, (_, at) => ({
          upTo: `${2 ** (at % 10)} KiB`,
          count: at % 3 === 0 ? 0 : 1234 * at,
        })),
        limits: [1.5, 1.6, 6, 13.9].map((position) => ({
          name: 'receiveLimitBytes',
          value: '4 MiB',
          afterBar: Math.floor(position),
          position,
        })),
      },
    ],
    causes: [...example.causes, { why: cause.why, because: cause.because, cites: [] }],
    causesWithoutEvidence: 1,
    controls: [
      ...example.controls,
      {
        name: 'lock',
        type: 'preventive',
        outcome: 'not judged',
        why: 'No cause and no note says what it did.',
      },
    ],
    excerpts: [{ at: minute(50), source: 'app', line: 7, text: 'dispatch '.repeat(40), count: 3 }],
    notes: ['app: 3 lines could not be read.'],
    lint: [
      {
        place: 'summary',
        text: 'should have',
        why: 'tells of what did not happen',
        suggestion: 'Say what was done.',
      },
    ],
  }
}

beforeAll(async () => {
  pm = await crowded()
  writeFileSync(path, postMortemHtml(pm))
  mkdirSync(shots, { recursive: true })
  chromium = await startChromium()
})

afterAll(async () => {
  if (chromium.kind === 'running') await chromium.browser.close()
  folder.remove()
})

interface Look {
  readonly theme: 'light' | 'dark'
  readonly width: number
}

async function open(context: TestContext, { theme, width }: Look, media = 'screen'): Promise<Page> {
  if (chromium.kind !== 'running') return context.skip(chromium.why)
  const page = await chromium.browser.newPage()
  onTestFinished(() => page.close())
  await page.setViewport({ width, height: 900 })
  const client = await page.createCDPSession()
  await client.send('Emulation.setEmulatedMedia', {
    media,
    features: [{ name: 'prefers-color-scheme', value: theme }],
  })
  await page.goto(pathToFileURL(path).href)
  return page
}

async function shot(element: ElementHandle): Promise<Picture> {
  if (chromium.kind !== 'running') throw new Error(chromium.why)
  return pictureOf(chromium.browser, await element.screenshot())
}

async function styleOf(page: Page, selector: string, property: string): Promise<Colour> {
  const query = `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).${property}`
  return colourOf(String(await page.evaluate(query)))
}

const looks: readonly Look[] = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'light', width: 400 },
  { theme: 'dark', width: 400 },
]

/** One of each kind of text. */
const kinds = [
  'h1',
  'h2',
  'h3',
  '.lead',
  '.facts span',
  '.card dt',
  '.card dd',
  '.cites',
  '.filters legend',
  '.filters label',
  '.phase-onset',
  '.phase-resolve',
  '.phase-change',
  '.timeline td:last-child',
  'figcaption',
  'svg text',
  '.legend',
  '.excerpts code',
  '.why',
  '.lacking',
  '.outcome-failed',
  '.outcome-worked',
  '.outcome-not-judged',
  '#evidence ~ dl code',
  'summary',
  '#wording ~ ul li',
]

describe('the page', () => {
  it.for(looks)('can be read: $theme, $width px', { timeout: 120_000 }, async (look, context) => {
    const page = await open(context, look)
    await page.screenshot({ path: join(shots, `crowded-${look.theme}-${look.width}.png`), fullPage: true })
    const faint: string[] = []
    for (const kind of kinds) {
      const element = await page.$(kind)
      if (element === null) throw new Error(`the page has no ${kind}`)
      const contrast = contrastIn(await shot(element))
      if (contrast < 4.5) faint.push(`${kind}: ${contrast.toFixed(2)}`)
    }
    expect(faint).toEqual([])
  })

  it.for([...looks, { theme: 'light', width: 320 } as const])(
    'has nothing that covers something else or stands out at the side: $theme, $width px',
    async (look, context) => {
      const page = await open(context, look)
      const found = await page.evaluate(`(() => {
        const boxes = (selector, from = document) => [...from.querySelectorAll(selector)]
          .filter((element) => element.checkVisibility())
          .map((element) => ({ box: element.getBoundingClientRect(), said: element.textContent.slice(0, 30) }))
          .filter(({ box }) => box.width > 0 && box.height > 0)
        const covering = (list) => list.flatMap((a, at) => list.slice(at + 1).flatMap((b) =>
          a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1 && a.box.top < b.box.bottom - 1 && b.box.top < a.box.bottom - 1
            ? [a.said + ' / ' + b.said] : []))
        const outside = boxes('main *').filter(({ box }) => box.right > innerWidth + 1 || box.left < -1).map(({ said }) => said)
        const cut = [...document.querySelectorAll('.wide')].filter((one) => one.scrollWidth > one.clientWidth + 1).length
        return {
          charts: [...document.querySelectorAll('svg')].flatMap((svg) => covering(boxes('text', svg))),
          sections: covering(boxes('main > *')),
          cells: [...document.querySelectorAll('tr')].flatMap((row) => covering(boxes('th, td', row))),
          parts: covering(boxes('figure > *')),
          outside,
          cut,
          scroll: document.documentElement.scrollWidth - innerWidth,
        }
      })()`)
      expect(found).toEqual({
        charts: [],
        sections: [],
        cells: [],
        parts: [],
        outside: [],
        cut: 0,
        scroll: 0,
      })
    },
  )

  it('breaks no word of a table that is shorter than a line', async (context) => {
    const page = await open(context, { theme: 'light', width: 1280 })
    const broken =
      await page.evaluate(`[...document.querySelectorAll('th[scope=col], td.short, .outcome, .phase')]
      .filter((cell) => { const range = document.createRange(); range.selectNodeContents(cell); return range.getClientRects().length > 1 })
      .map((cell) => cell.textContent)`)
    expect(broken).toEqual([])
  })
})

describe('a chart', () => {
  const x = { left: 52, right: 752, whole: 760 }
  const y = { top: 26, floor: 164 }

  it.for(looks)(
    'has ink where the data is, and none where there is nothing: $theme, $width px',
    async (look, context) => {
      const page = await open(context, look)
      const svg = await page.$('#figures ~ figure svg')
      const [rate] = pm.rates
      if (svg === null || rate === undefined) throw new Error('no chart')
      const fill = await styleOf(page, '#figures ~ figure .count', 'fill')
      const picture = await shot(svg)
      const scale = picture.width / x.whole
      const max = Math.max(...rate.counts)
      /** How high the ink stands in the middle of a bucket, from 0 to 1. */
      const inked = rate.counts.map((_, at) => {
        const column = Math.floor((x.left + ((at + 0.4) / rate.counts.length) * (x.right - x.left)) * scale)
        const rows = Array.from({ length: picture.height }, (__, row) => row)
        const filled = rows.filter((row) =>
          [column, column + 1].some((one) => isNear(picture.at(one, row), fill, 40)),
        )
        return filled.length / ((y.floor - y.top) * scale)
      })
      // Where a minute is narrower than the line of a change, that lies upon it.
      const marked = new Set(
        look.width > 1000
          ? []
          : rate.changes.map(({ at }) => (Date.parse(at) - Date.parse(rate.from)) / rate.bucketMs),
      )
      const wrong = rate.counts.flatMap((count, at) => {
        if (marked.has(at)) return []
        const seen = inked[at] ?? 0
        return Math.abs(seen - count / max) > 0.08
          ? [`${at}: ${count} of ${max}, seen ${seen.toFixed(2)}`]
          : []
      })
      expect(wrong).toEqual([])
      expect(rate.counts.filter((count, at) => count > 0 && !marked.has(at)).length).toBeGreaterThan(30)
    },
  )

  it.for(looks)(
    'has a line of its own colour for each limit, where it stands: $theme, $width px',
    async (look, context) => {
      const page = await open(context, look)
      const svg = (await page.$$('#figures ~ figure svg')).at(-1)
      const [histogram] = pm.histograms
      if (svg === undefined || histogram === undefined) throw new Error('no chart')
      const stroke = await styleOf(page, '.limit', 'stroke')
      const paper = await styleOf(page, 'body', 'backgroundColor')
      const picture = await shot(svg)
      const scale = picture.width / x.whole
      for (const { position = 0 } of histogram.limits) {
        const middle = (x.left + (position / histogram.bars.length) * (x.right - x.left)) * scale
        const row = Math.floor(((y.top + y.floor) / 2) * scale)
        const around = [-1, 0, 1].map((away) => picture.at(Math.round(middle + away), row))
        expect(around.some((colour) => isNear(colour, stroke, 60) && !isNear(colour, paper, 60))).toBe(true)
      }
    },
  )
})

describe('on paper', () => {
  it('every section is there, dark on white and whole, without the filters', {
    timeout: 120_000,
  }, async (context) => {
    const screen = await open(context, { theme: 'light', width: 1280 })
    const texts = (page: Page): Promise<unknown> =>
      page.evaluate(`[...document.querySelectorAll('main *')]
        .filter((one) => one.childElementCount === 0 && one.closest('.filters') === null && one.checkVisibility())
        .map((one) => one.textContent)`)
    const headings = await screen.$$eval('h2', (all) => all.map((one) => one.textContent))
    expect(headings.length).toBe(11)
    const page = await open(context, { theme: 'dark', width: 794 }, 'print')
    const seen: string[] = []
    for (const section of await page.$$('main > section')) {
      const picture = await shot(section)
      expect(contrastIn(picture)).toBeGreaterThan(7)
      expect(coloursOf(picture)[0]).toEqual([255, 255, 255])
      seen.push(
        await section.$eval('h2', (heading) =>
          heading.checkVisibility() ? (heading.textContent ?? '') : 'hidden',
        ),
      )
    }
    expect(seen).toEqual(headings)
    expect(await texts(page)).toEqual(await texts(screen))
    expect(await page.$eval('.filters', (filters) => filters.checkVisibility())).toBe(false)
    expect(
      await page.$$eval('.wide', (all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).length),
    ).toBe(0)
    const pdf = Buffer.from(await page.pdf({ path: join(shots, 'crowded.pdf'), format: 'A4' })).toString(
      'latin1',
    )
    expect(pdf.match(/\/Type \/Page\b(?!s)/g)?.length).toBeGreaterThanOrEqual(4)
  })
})
