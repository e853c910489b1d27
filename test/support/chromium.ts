import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { type Browser, launch as launchBrowser } from 'puppeteer-core'
import { root } from './repo.ts'
import { runOrThrow } from './run.ts'

/** A Chromium that runs, or why none does: the reason with which a test is skipped. */
export type Chromium =
  | { readonly kind: 'running'; readonly browser: Browser }
  | { readonly kind: 'missing'; readonly why: string }

interface Program {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The package's own looks for its fonts in /tmp alone; without any, Chromium ends at the first letter. */
const fontsConf = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fonts-cache</cachedir>
</fontconfig>
`

/**
 * Starts a headless Chromium with an empty profile of its own: the system's, else the one of `@sparticuz/chromium`, which needs
 * no system package. Whoever starts it closes it. It is for pages of the test's own on loopback: there is no sandbox.
 */
export async function startChromium(args: readonly string[] = []): Promise<Chromium> {
  const failures: string[] = []
  for (const find of [systemChromium, packagedChromium]) {
    try {
      const program = await find()
      return { kind: 'running', browser: await launch(program, args) }
    } catch (error) {
      failures.push((error as Error).message.split('\n')[0] ?? '')
    }
  }
  return { kind: 'missing', why: `no Chromium runs here: ${failures.join('; ')}` }
}

function launch({ path, env }: Program, args: readonly string[]): Promise<Browser> {
  return launchBrowser({
    executablePath: path,
    env: { ...process.env, ...env },
    headless: 'shell',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-proxy-server', ...args],
  })
}

function systemChromium(): Program {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const paths = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...places]
  const path = paths.find(isExecutable)
  if (path === undefined) throw new Error(`${names.join(', ')}: not in PATH`)
  return { path, env: {} }
}

/** Unpacked once, beside the package: 2 s and 211 MB. Of several who do so at once, the first is kept. */
async function packagedChromium(): Promise<Program> {
  const require = createRequire(import.meta.url)
  const manifest = join(dirname(require.resolve('@sparticuz/chromium')), '..', 'package.json')
  const { version } = require(manifest) as { version: string }
  const cache = join(root, 'node_modules', '.cache')
  const folder = join(cache, `onceward-chromium-${version}`)
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true })
    const own = mkdtempSync(`${folder}-`)
    try {
      await unpack(own)
      renameSync(own, folder)
    } catch (error) {
      rmSync(own, { recursive: true, force: true })
      if (!existsSync(folder)) throw error
    }
  }
  const libraries = [join(folder, 'al2023', 'lib'), process.env['LD_LIBRARY_PATH'] ?? '']
  return {
    path: join(folder, 'chromium'),
    env: {
      LD_LIBRARY_PATH: libraries.filter((path) => path !== '').join(':'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
      // A relative one would lie in whatever folder the tests are run from.
      XDG_CACHE_HOME: folder,
    },
  }
}

async function unpack(folder: string): Promise<void> {
  // With this variable it unpacks the libraries too that a bare system lacks (NSS and its kin).
  const env = { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' }
  await runOrThrow(process.execPath, [join(root, 'test/support/unpack-chromium.mjs')], { cwd: root, env })
  writeFileSync(join(folder, 'fonts.conf'), fontsConf)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
