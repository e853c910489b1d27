import { spawn } from 'node:child_process'
import { once as onceEvent } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import { type Chromium, startChromium } from '../support/chromium.ts'
import { root } from '../support/repo.ts'
import { makeTemporaryDirectory } from '../support/temporary-directory.ts'
import { ControlRoom } from '../server/support/control-room.ts'
import { fill } from './support/filled.ts'
import { buildDashboard, type Look, looks, Visitor } from './support/pages.ts'

const isWhole = process.env['ONCEWARD_TEST_SIZE'] !== undefined
const built = makeTemporaryDirectory()
let chromium: Chromium

beforeAll(async () => {
  await buildDashboard(built.path)
  chromium = await startChromium()
})

afterAll(async () => {
  if (chromium.kind === 'running') await chromium.browser.close()
  built.remove()
})

function browserFor(context: TestContext): Browser {
  return chromium.kind === 'running' ? chromium.browser : context.skip(chromium.why)
}

async function open(
  context: TestContext,
  options: { readonly look?: Look; readonly room?: ControlRoom } = {},
): Promise<{ room: ControlRoom; visitor: Visitor }> {
  const browser = browserFor(context)
  const room = options.room ?? (await ControlRoom.on('sqlite'))
  const { url } = await room.serve('', built.path)
  const profile = await browser.createBrowserContext()
  const visitor = await Visitor.come(profile, url, options.look ?? { theme: 'light', width: 1280 })
  onTestFinished(async () => {
    await profile.close()
    await room.end()
  })
  return { room, visitor }
}

const pages = [
  '/',
  '/entries',
  '/doubts',
  '/twins',
  '/incidents',
  '/reconciliations',
  '/audit-trail',
  '/settings',
]
const nameOf = (path: string): string => (path === '/' ? 'overview' : path.slice(1))

describe('the pages', () => {
  it('take at most 150 kB of script, gzipped', () => {
    const scripts = readdirSync(join(built.path, 'assets')).filter((name) => name.endsWith('.js'))
    const bytes = scripts.reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(built.path, 'assets', name))).length,
      0,
    )
    console.log(`dashboard: ${bytes} bytes of script, gzipped`)
    expect(bytes).toBeLessThanOrEqual(150_000)
    expect(readFileSync(join(built.path, 'index.html'), 'utf8')).not.toMatch(/https?:\/\//)
  })

  it.for(isWhole ? looks : looks.slice(1))(
    'are accessible, fit the window and show what there is: $theme, $width px',
    { timeout: 120_000 },
    async (look, context) => {
      const { room, visitor } = await open(context, { look })
      const { stepped, doubtful } = await fill(room)
      const [postMortem, incident] = (await room.ask('/v1/incidents')).json['incidents'] as { id: string }[]
      const more = {
        entry: `/entries/${stepped}`,
        'entry-in-doubt': `/entries/${doubtful}`,
        incident: `/incidents/${incident?.id}`,
        'post-mortem': `/incidents/${postMortem?.id}`,
      }
      const all = [...pages.map((path): [string, string] => [nameOf(path), path]), ...Object.entries(more)]
      const beganMs = performance.now()
      await visitor.open('/')
      // Told and not asserted: how long it takes depends on the machine and on what else runs on it.
      console.log(`dashboard: the overview is there after ${Math.round(performance.now() - beganMs)} ms`)
      for (const [name, path] of all) {
        await visitor.open(path)
        await visitor.shoot(`${name}-${look.theme}-${look.width}`)
        expect({ path, violations: await visitor.violations() }).toEqual({ path, violations: [] })
        expect({ path, overflow: await visitor.overflow() }).toEqual({ path, overflow: 0 })
      }
      expect(await visitor.page.title()).toContain('Onceward')
      expect(visitor.faults).toEqual([])
    },
  )

  it('say what to do where there is nothing yet', { timeout: 60_000 }, async (context) => {
    const { visitor } = await open(context)
    for (const path of pages) {
      await visitor.open(path)
      expect(await visitor.text()).toMatch(/onceward |subject|Decisions about|token|Nothing is in doubt/)
      expect({ path, violations: await visitor.violations() }).toEqual({ path, violations: [] })
    }
    expect(visitor.faults).toEqual([])
  })
})

describe('a doubt', () => {
  it('of a killed worker is decided with the keyboard, and the library replays the decision', {
    timeout: 60_000,
  }, async (context) => {
    const { room, visitor } = await open(context)
    const worker = spawn(process.execPath, [
      join(root, 'test/dashboard/support/doomed-worker.ts'),
      room.storeUrl,
    ])
    expect(await onceEvent(worker, 'exit')).toEqual([null, 'SIGKILL'])
    const once = await room.worker()
    const intent = { operation: 'mail', key: ['order', '7'], input: { to: 'a' }, subject: 'order:7' }
    expect((await once.execute(intent, () => 'never')).state).toBe('in_doubt')
    await visitor.open('/')
    await visitor.press('3')
    await visitor.reads('Did it happen?')
    await visitor.press('d', 'Space', 'Tab')
    await visitor.page.keyboard.type('seen in the log of the mail server')
    await visitor.press('Tab')
    await visitor.page.keyboard.type('{"id":"m-7"}')
    await visitor.press('Tab', 'Enter')
    await visitor.reads('Callers will be told that it succeeded')
    expect((await once.lookup(intent))?.state).toBe('in_doubt')
    await visitor.press('Enter')
    await visitor.reads('Recorded: mail order | 7 is succeeded now.')
    expect(await once.execute(intent, () => 'never')).toMatchObject({
      state: 'succeeded',
      replayed: true,
      value: { id: 'm-7' },
    })
    await visitor.press('7')
    await visitor.reads('seen in the log of the mail server')
    expect(visitor.faults).toEqual([])
  })

  it('is not for viewers to decide', { timeout: 60_000 }, async (context) => {
    const room = await ControlRoom.on('sqlite')
    const token = await room.token('viewer')
    const once = await room.worker()
    await once.execute({ operation: 'mail', key: '1' }, () => {
      throw new Error('cut')
    })
    const { visitor } = await open(context, { room })
    await visitor.page.goto(`${room.url}/doubts`)
    await visitor.reads('Token')
    await visitor.page.type('#token', 'ow_wrong')
    await visitor.press('Enter')
    await visitor.reads('A token is needed here')
    expect(await visitor.violations()).toEqual([])
    await visitor.page.$eval('#token', (input) => {
      ;(input as unknown as { value: string }).value = ''
    })
    await visitor.page.type('#token', token)
    await visitor.press('Enter')
    await visitor.reads('yours is viewer')
    expect(await visitor.page.$('#decision')).toBeNull()
    const cookies = await visitor.page.browserContext().cookies()
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }])
  })
})

describe('a post-mortem', () => {
  it('says where a cause has no evidence, and which control was not judged', {
    timeout: 60_000,
  }, async (context) => {
    const { room, visitor } = await open(context)
    const causes = [
      { why: 'Why twice?', because: 'two keys', evidence: 'dispatches', cites: ['S1'] },
      { why: 'Why two keys?', because: 'of a flag', cites: [] },
    ]
    const controls = [
      { name: 'the lock', type: 'preventive', outcome: 'not judged', why: 'nothing names it' },
    ]
    const { id } = (
      await room.ask('/v1/incidents', {
        body: { onceward: 'post-mortem/v1', incident: 'I', title: 'T', causes, controls },
        headers: { 'idempotency-key': '"post-mortem"' },
      })
    ).json as { id: string }
    await visitor.open(`/incidents/${id}`)
    await visitor.reads('Why two keys? of a flag no evidence given')
    await visitor.reads('Why twice? two keys dispatches')
    expect(await visitor.page.$$eval('main .badge-failed', (all) => all.length)).toBe(1)
    await visitor.reads('not judged')
    expect(visitor.faults).toEqual([])
  })
})

describe('what happens', () => {
  it('is shown as it happens', { timeout: 60_000 }, async (context) => {
    const { room, visitor } = await open(context)
    await visitor.open('/')
    await visitor.reads('connected')
    await room.ask('/v1/incidents', {
      body: { title: 'nothing of it' },
      headers: { 'idempotency-key': '"live"' },
    })
    const once = await room.worker()
    const { recordActivity } = await import('../../src/server/index.ts')
    const { openStoreFromUrl } = await import('../../src/stores/open.ts')
    const store = await openStoreFromUrl(room.storeUrl)
    await store.open()
    const recorder = recordActivity(once, { store })
    await once.run({ operation: 'greet', key: 'hello-live' }, () => 1)
    await recorder.stop()
    await visitor.reads('hello-live')
    await store.close()
  })

  it('a hundred entries at a time, whatever there are', { timeout: 120_000 }, async (context) => {
    const { room, visitor } = await open(context)
    const once = await room.worker()
    const count = isWhole ? 10_000 : 250
    for (let from = 0; from < count; from += 250) {
      const batch = Array.from({ length: 250 }, (_, at) =>
        once.run({ operation: 'op', key: `k${from + at}` }, () => 1),
      )
      await Promise.all(batch)
    }
    await visitor.open('/entries?operation=op')
    const seen = new Set<string>()
    for (;;) {
      const keys = await visitor.page.$$eval('tbody th a', (links) =>
        links.map((link) => link.textContent ?? ''),
      )
      for (const key of keys) seen.add(key)
      const older = await visitor.page.$('a[rel="next"]')
      if (older === null) break
      const first = keys[0] ?? ''
      await older.click()
      await visitor.page.waitForFunction(
        `(document.querySelector('tbody th a')?.textContent ?? ${JSON.stringify(first)}) !== ${JSON.stringify(first)}`,
      )
    }
    expect(seen.size).toBe(count)
    expect(visitor.faults).toEqual([])
  })
})
