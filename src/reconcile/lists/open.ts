import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import type { SideSettings } from '../compare/options.ts'
import { openSource } from '../sources/open.ts'
import type { Source, SourceOptions } from '../sources/source.ts'
import { countText } from '../values/format.ts'
import { fetchPage } from './fetch-page.ts'
import { itemsOf, nextUrl } from './next-page.ts'
import { type ListSettings, listSettings } from './options.ts'

const maxBytes = 16 * 2 ** 30

/**
 * A list of a JSON API, read once, page by page, into a file of JSON lines that is a source like any other. Throws
 * `OPTION_INVALID`, `SOURCE_UNAVAILABLE` or `SOURCE_INVALID`.
 */
export async function openList(
  text: string,
  { side, api, columns }: SideSettings,
  options: SourceOptions,
): Promise<Source> {
  const option = `--${side}`
  if (!URL.canParse(text)) throw optionInvalid(option, 'a URL', 'what is none')
  const url = new URL(text)
  const name = `${url.origin}${url.pathname}`
  if (url.username !== '' || url.password !== '')
    throw new OncewardError(
      'OPTION_INVALID',
      `${option}: a URL has no secrets in it; ${option}-token names an environment variable.`,
    )
  const settings = listSettings(url, api ?? { kind: 'json' }, `${option}-api`)
  const path = join(tmpdir(), `onceward-list-${randomBytes(8).toString('hex')}.jsonl`)
  try {
    const { items, pages } = await readPages(url, { name, path, settings, options })
    const reading = `a list, ${countText(items)} items on ${countText(pages)} pages`
    if (items === 0) {
      await rm(path, { force: true })
      return emptyList(name, reading, columns)
    }
    const source = await openSource(path, options)
    const close = async (): Promise<void> => {
      await source.close()
      await rm(path, { force: true })
    }
    return { ...source, name, reading, close }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

interface Reading {
  readonly name: string
  readonly path: string
  readonly settings: ListSettings
  readonly options: SourceOptions
}

async function readPages(
  first: URL,
  { name, path, settings, options }: Reading,
): Promise<{ items: number; pages: number }> {
  const file = await open(path, 'wx', 0o600)
  try {
    const seen = new Set<string>()
    let url: URL | undefined = first
    let [items, pages, bytes] = [0, 0, 0]
    while (url !== undefined) {
      refuseTurn(url, { first, seen, name, settings })
      seen.add(url.href)
      const page = await fetchPage(url, name, { settings, signal: options.signal })
      pages++
      const found = itemsOf(page.body, settings.items, name)
      const lines = found.map((item) => `${JSON.stringify(item)}\n`).join('')
      bytes += Buffer.byteLength(lines)
      if (bytes > maxBytes)
        throw new OncewardError('SOURCE_INVALID', `${name} has more than ${maxBytes} bytes.`)
      await file.appendFile(lines)
      items += found.length
      options.onProgress?.({ rows: items })
      url = nextUrl(settings, { url, page, items: found, pages })
    }
    return { items, pages }
  } finally {
    await file.close()
  }
}

interface Turning {
  readonly first: URL
  readonly seen: ReadonlySet<string>
  readonly name: string
  readonly settings: ListSettings
}

/** A list that leads elsewhere, or round in circles, is no list; half of one is worse than none. */
function refuseTurn(url: URL, { first, seen, name, settings }: Turning): void {
  if (url.origin !== first.origin)
    throw new OncewardError(
      'SOURCE_INVALID',
      `${name} leads to another server, ${url.origin}: it is not followed.`,
    )
  if (seen.has(url.href))
    throw new OncewardError(
      'SOURCE_INVALID',
      `${name} gives a page as its own successor after ${seen.size} pages.`,
    )
  if (seen.size >= settings.maxPages)
    throw new OncewardError(
      'SOURCE_INVALID',
      `${name} has more than ${settings.maxPages} pages (maxPages); it was not compared.`,
    )
}

/** Nothing was sent: a list has the columns that are asked for. */
function emptyList(name: string, reading: string, columns: readonly string[]): Source {
  return {
    name,
    engine: 'node',
    reading,
    columns: columns.map((column) => ({ name: column, type: 'empty' })),
    sample: [],
    notes: [],
    // eslint-disable-next-line require-yield
    scan: async function* () {},
    rejections: () => Promise.resolve({ count: 0, listed: [] }),
    close: () => Promise.resolve(),
  }
}
