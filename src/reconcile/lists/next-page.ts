import { OncewardError } from '../../kernel/errors.ts'
import type { Page } from './fetch-page.ts'
import type { ListSettings } from './options.ts'

export function memberAt(value: unknown, path: string): unknown {
  let at = value
  for (const name of path === '' ? [] : path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return at
}

/** The items of a page. Throws `SOURCE_INVALID` where there is no list. */
export function itemsOf(body: unknown, path: string | undefined, name: string): readonly unknown[] {
  const found =
    path === undefined ? (Array.isArray(body) ? body : memberAt(body, 'items')) : memberAt(body, path)
  if (Array.isArray(found)) return found as unknown[]
  const where = path === undefined || path === '' ? 'its answer' : JSON.stringify(path)
  throw new OncewardError('SOURCE_INVALID', `${name}: ${where} holds no list of items.`)
}

export interface Turn {
  readonly url: URL
  readonly page: Page
  readonly items: readonly unknown[]
  /** Pages read so far. */
  readonly pages: number
}

/** Where the next page is; undefined after the last one. */
export function nextUrl({ next }: ListSettings, { url, page, items, pages }: Turn): URL | undefined {
  switch (next.kind) {
    case 'none':
      return undefined
    case 'link': {
      const target = nextLink(page.link)
      return target === undefined ? undefined : new URL(target, url)
    }
    case 'url': {
      const target = textOf(memberAt(page.body, next.path))
      return target === undefined ? undefined : new URL(target, url)
    }
    case 'cursor':
      return withParam(url, next.param, textOf(memberAt(page.body, next.path)))
    case 'last-item': {
      if (next.more !== undefined && memberAt(page.body, next.more) !== true) return undefined
      return withParam(url, next.param, textOf(memberAt(items.at(-1), next.path)))
    }
    case 'page':
      return items.length === 0 ? undefined : withParam(url, next.param, String((next.first ?? 1) + pages))
  }
}

function withParam(url: URL, param: string, value: string | undefined): URL | undefined {
  if (value === undefined) return undefined
  const next = new URL(url)
  next.searchParams.set(param, value)
  return next
}

/** A string, or a number as it was written. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  const raw: unknown = memberAt(value, 'rawJSON')
  return typeof raw === 'string' ? raw : undefined
}

function nextLink(header: string | undefined): string | undefined {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[^,;]+)*)/g))
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\s*(?:;|$))/i.test(parameters)) return target
  return undefined
}
