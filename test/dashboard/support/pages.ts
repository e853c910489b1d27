import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'puppeteer-core'
import { build } from 'vite'
import { root } from '../../support/repo.ts'

/** Where screenshots are left for people to look at. */
const shotsFolder = join(root, 'artifacts', 'dashboard')

/** Builds the pages into a folder, as the package has them. */
export async function buildDashboard(outDir: string): Promise<void> {
  await build({ root: join(root, 'dashboard'), logLevel: 'error', build: { outDir, emptyOutDir: true } })
}

export interface Look {
  readonly theme: 'light' | 'dark'
  /** CSS pixels. */
  readonly width: number
}

export const looks: readonly Look[] = [
  { theme: 'light', width: 1280 },
  { theme: 'dark', width: 1280 },
  { theme: 'light', width: 390 },
]

/** A page whose faults are kept: a test is not done with one that has any. */
export class Visitor {
  readonly page: Page
  readonly faults: string[] = []
  readonly #url: string

  private constructor(page: Page, url: string) {
    this.page = page
    this.#url = url
    page.on('pageerror', (error) => this.faults.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text())
    })
  }

  static async come(context: BrowserContext, url: string, look: Look): Promise<Visitor> {
    const page = await context.newPage()
    await page.setViewport({ width: look.width, height: 900 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: look.theme }])
    return new Visitor(page, url)
  }

  /** Goes there, and waits until nothing is being loaded any more. */
  async open(path: string): Promise<void> {
    await this.page.goto(`${this.#url}${path}`, { waitUntil: 'load' })
    await this.settled()
  }

  async settled(): Promise<void> {
    await this.page.waitForFunction(
      `document.querySelector('h1') !== null && document.querySelector('.loading') === null`,
    )
  }

  /** Presses keys one after the other. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key as Parameters<Page['keyboard']['press']>[0])
  }

  /** Until a text is on the page. */
  async reads(text: string): Promise<void> {
    try {
      await this.page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`, {
        timeout: 15_000,
      })
    } catch (error) {
      const focus = await this.page.evaluate('document.activeElement?.outerHTML?.slice(0, 200)')
      throw new Error(
        `The page does not read "${text}". Focus: ${String(focus)}. Page: ${await this.text()}`,
        { cause: error },
      )
    }
  }

  text(): Promise<string> {
    return this.page.evaluate('document.body.innerText') as Promise<string>
  }

  /** What axe finds wrong. */
  async violations(): Promise<readonly string[]> {
    if ((await this.page.evaluate('typeof axe')) === 'undefined') await this.page.evaluate(axeSource)
    const result = (await this.page.evaluate('axe.run()')) as {
      violations: { id: string; help: string; nodes: { html: string }[] }[]
    }
    return result.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html ?? ''}`)
  }

  /** By how many pixels the page is wider than the window. */
  overflow(): Promise<number> {
    const width = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    return this.page.evaluate(width) as Promise<number>
  }

  async shoot(name: string): Promise<void> {
    mkdirSync(shotsFolder, { recursive: true })
    await this.page.screenshot({ path: join(shotsFolder, `${name}.png`), fullPage: true })
  }
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
