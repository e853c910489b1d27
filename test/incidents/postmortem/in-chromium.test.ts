import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postMortemHtml, writePostMortem } from '../../../src/incidents/index.ts'
import { type Chromium, startChromium } from '../../support/chromium.ts'
import { root } from '../../support/repo.ts'
import { makeTemporaryDirectory } from '../../support/temporary-directory.ts'

const hostile = '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'
const folder = makeTemporaryDirectory()
const path = join(folder.path, 'post-mortem.html')
const shots = join(root, 'artifacts', 'postmortem')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
let chromium: Chromium

beforeAll(async () => {
  const pm = await writePostMortem(join(root, 'examples/triage-bundle'), { fromTriage: true })
  const line = { at: '2026-02-07T14:00:00.000Z', source: 'app', line: 7, text: hostile, count: 1 }
  const entry = {
    at: line.at,
    phase: 'detect',
    text: hostile,
    source: hostile,
    importance: 'normal',
    evidence: [],
  } as const
  writeFileSync(path, postMortemHtml({ ...pm, excerpts: [line], timeline: [...pm.timeline, entry] }))
  mkdirSync(shots, { recursive: true })
  chromium = await startChromium()
})

afterAll(async () => {
  if (chromium.kind === 'running') await chromium.browser.close()
  folder.remove()
})

describe('the file', () => {
  it.for([
    ['light', 1100],
    ['dark', 400],
  ] as const)(
    'is accessible and fits, asks no network and runs nothing: %s, %i px',
    { timeout: 60_000 },
    async ([theme, width], { skip }) => {
      if (chromium.kind !== 'running') return skip(chromium.why)
      const page = await chromium.browser.newPage()
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.setViewport({ width, height: 900 })
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }])
      await page.goto(pathToFileURL(path).href)
      await page.screenshot({ path: join(shots, `${theme}-${width}.png`), fullPage: true })
      expect(asked).toEqual([pathToFileURL(path).href])
      expect(await page.title()).toBe('Post-mortem: Batches dispatched twice')
      expect(await page.$$('script, img')).toEqual([])
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(overflow).toBe(0)
      const widths = await page.$$eval('.timeline td:nth-child(3)', (cells) =>
        cells.map((cell) => cell.getBoundingClientRect().width),
      )
      expect(Math.min(...widths)).toBeGreaterThanOrEqual(Math.min(width * 0.4, 400))
      await page.evaluate(axe)
      const { violations } = (await page.evaluate('axe.run()')) as {
        violations: { id: string; nodes: { html: string }[] }[]
      }
      expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)).toEqual([])
      await page.close()
    },
  )

  it('filters its time line without a script, by phase, source and importance', { timeout: 60_000 }, async ({
    skip,
  }) => {
    if (chromium.kind !== 'running') return skip(chromium.why)
    const page = await chromium.browser.newPage()
    await page.setJavaScriptEnabled(false)
    await page.goto(pathToFileURL(path).href)
    const rows = () =>
      page.$$eval('.timeline tbody tr', (all) => all.filter((row) => row.checkVisibility()).length)
    const all = await rows()
    await page.click('#f-change')
    expect(await rows()).toBe(all - 2)
    await page.click('#f-change')
    await page.click('#f-high')
    expect(await rows()).toBe(3)
    await page.click('#f-high')
    await page.click('#f-s0')
    expect(await rows()).toBeLessThan(all)
    await page.close()
  })

  it('prints to paper, without its filters', { timeout: 60_000 }, async ({ skip }) => {
    if (chromium.kind !== 'running') return skip(chromium.why)
    const page = await chromium.browser.newPage()
    await page.goto(pathToFileURL(path).href)
    const pdf = await page.pdf({ path: join(shots, 'paper.pdf'), format: 'A4' })
    expect(Buffer.from(pdf).subarray(0, 5).toString()).toBe('%PDF-')
    await page.emulateMediaType('print')
    expect(await page.$eval('.filters', (filters) => filters.checkVisibility())).toBe(false)
    await page.close()
  })
})
