import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { glob, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { redactUrl } from '../../kernel/redact.ts'

/** Where rows lie. */
export type Place =
  | {
      readonly kind: 'files'
      readonly name: string
      readonly paths: readonly string[]
      readonly bytes: number
      remove(this: void): Promise<void>
    }
  | { readonly kind: 'postgres'; readonly name: string; readonly url: string; readonly relation: Relation }

export type Relation =
  | { readonly kind: 'table'; readonly table: string }
  | { readonly kind: 'query'; readonly query: string }

const nothing = (): Promise<void> => Promise.resolve()

/**
 * What a SOURCE names: a file, a glob, `-` for standard input, or a table or query of PostgreSQL; or several files, as a
 * shell makes of a glob. Throws `OPTION_INVALID` where it names nothing.
 */
export async function locate(sources: readonly string[]): Promise<Place> {
  const [source = '', ...others] = sources
  if (others.length > 0) return filesPlace(`${sources.length} files`, sources)
  if (source === '-') return standardInput()
  if (/^postgres(ql)?:/i.test(source)) return postgresPlace(source)
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source))
    throw new OncewardError(
      'OPTION_INVALID',
      `SOURCE must be a file, a glob, - or postgres://…?table=NAME, got ${JSON.stringify(redactUrl(source))}.`,
    )
  return filesPlace(source, sources)
}

async function filesPlace(name: string, sources: readonly string[]): Promise<Place> {
  const found: string[] = []
  for (const source of sources) found.push(...((await isFile(source)) ? [source] : await matching(source)))
  const paths = [...new Set(found)]
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  return { kind: 'files', name, paths, bytes, remove: nothing }
}

async function isFile(path: string): Promise<boolean> {
  try {
    const found = await stat(path)
    if (found.isDirectory())
      throw new OncewardError(
        'OPTION_INVALID',
        `SOURCE: ${path} is a directory; name its files: ${path}/*.csv`,
      )
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    if (error instanceof OncewardError) throw error
    throw new OncewardError('OPTION_INVALID', `SOURCE cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

async function matching(pattern: string): Promise<string[]> {
  const paths: string[] = []
  if (/[*?[{]/.test(pattern)) for await (const path of glob(pattern)) paths.push(path)
  if (paths.length > 0) return paths.toSorted((a, b) => (a < b ? -1 : 1))
  throw new OncewardError('OPTION_INVALID', `SOURCE: there is no file ${JSON.stringify(pattern)}.`)
}

/** Standard input is read twice, and so is kept in a file until the end. */
async function standardInput(): Promise<Place> {
  const path = join(tmpdir(), `onceward-stdin-${randomBytes(8).toString('hex')}`)
  await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }))
  const { size } = await stat(path)
  const remove = (): Promise<void> => rm(path, { force: true })
  return { kind: 'files', name: 'standard input', paths: [path], bytes: size, remove }
}

/** `table` and `query` are taken out of the URL; the rest is the driver's. */
function postgresPlace(source: string): Place {
  const name = redactUrl(source)
  if (!URL.canParse(source))
    throw new OncewardError(
      'OPTION_INVALID',
      `SOURCE must be a URL such as postgres://user@host/database?table=NAME, got ${JSON.stringify(name)}.`,
    )
  const url = new URL(source)
  const [table, query] = [url.searchParams.get('table'), url.searchParams.get('query')]
  url.searchParams.delete('table')
  url.searchParams.delete('query')
  if ((table === null) === (query === null))
    throw new OncewardError(
      'OPTION_INVALID',
      `SOURCE must end in ?table=NAME or ?query=SELECT…, got ${JSON.stringify(name)}.`,
    )
  const relation: Relation =
    table === null ? { kind: 'query', query: (query ?? '').replace(/[\s;]+$/, '') } : { kind: 'table', table }
  return { kind: 'postgres', name, url: url.href, relation }
}
