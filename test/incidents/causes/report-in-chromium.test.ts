import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, it, onTestFinished, type TestContext } from 'vitest'
import { compose } from '../../../src/incidents/report/compose.ts'
import { renderHtml } from '../../../src/incidents/report/html.ts'
import { type Chromium, startChromium } from '../../support/chromium.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'
import { hostileTriage } from './hostile.ts'

const folder = makeTemporaryDirectory()
const path = join(folder.path, 'report.html')
let chromium: Chromium

beforeAll(async () => {
  writeFileSync(path, renderHtml(compose(hostileTriage())))
  chromium = await startChromium()
})

afterAll(async () => {
  if (chromium.kind === 'running') await chromium.browser.close()
  folder.remove()
})

interface Look {
  readonly theme: 'light' | 'dark'
  readonly width: number
  readonly javaScript: boolean
}

interface Opened {
  readonly page: Page
  /** What the page asked for, itself included. */
  readonly asked: readonly string[]
  readonly dialogs: readonly string[]
}

function browserFor(context: TestContext): Browser {
  return chromium.kind === 'running' ? chromium.browser : context.skip(chromium.why)
}

async function open(context: TestContext, { theme, width, javaScript }: Look): Promise<Opened> {
  const page = await browserFor(context).newPage()
  onTestFinished(() => page.close())
  const asked: string[] = []
  const dialogs: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  await page.setJavaScriptEnabled(javaScript)
  await page.setViewport({ width, height: 900 })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }])
  await page.goto(pathToFileURL(path).href)
  return { page, asked, dialogs }
}

function isWiderThanItsWindow(page: Page): Promise<unknown> {
  return page.evaluate('document.documentElement.scrollWidth > innerWidth')
}

function coloursOf(page: Page): Promise<unknown> {
  return page.evaluate(
    '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]',
  )
}

const looks: readonly Look[] = [
  { theme: 'light', width: 1280, javaScript: true },
  { theme: 'dark', width: 1280, javaScript: true },
  { theme: 'light', width: 400, javaScript: true },
  { theme: 'dark', width: 400, javaScript: false },
]

it.for(looks)(
  'a report of hostile lines, $theme, $width px wide, JavaScript: $javaScript',
  async (look, context) => {
    const { page, asked, dialogs } = await open(context, look)
    expect(await page.$$eval('main h1', (headings) => headings.length)).toBe(1)
    expect(await isWiderThanItsWindow(page)).toBe(false)
    expect(await page.$$eval('script, img, iframe, object, form', (found) => found.length)).toBe(0)
    expect(
      await page.$$eval('a', (links) => links.filter((link) => !link.getAttribute('href')?.startsWith('#'))),
    ).toEqual([])
    const colours = await coloursOf(page)
    expect(colours).toEqual(
      look.theme === 'light'
        ? ['rgb(255, 255, 255)', 'rgb(27, 31, 36)']
        : ['rgb(21, 24, 28)', 'rgb(230, 232, 234)'],
    )
    expect(asked).toEqual([pathToFileURL(path).href])
    expect(dialogs).toEqual([])
  },
)

it('a report on paper is dark on white, whatever the screen is', async (context) => {
  const { page } = await open(context, { theme: 'dark', width: 794, javaScript: true })
  // Both in one message: each of them alone takes the other back.
  const client = await page.createCDPSession()
  const features = [{ name: 'prefers-color-scheme', value: 'dark' }]
  await client.send('Emulation.setEmulatedMedia', { media: 'print', features })
  const colours = await coloursOf(page)
  expect(colours).toEqual(['rgb(255, 255, 255)', 'rgb(27, 31, 36)'])
  expect(await isWiderThanItsWindow(page)).toBe(false)
})
