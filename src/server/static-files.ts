import { hash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import type { Hono } from 'hono'

interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly etag: string
}

/** The files of the dashboard by their path. Read once: no path of a request ever reaches the file system. */
export type StaticFiles = ReadonlyMap<string, StaticFile>

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** Everything below a folder; nothing where it is not there. */
export async function readStaticFiles(folder: string | undefined): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>()
  if (folder === undefined) return files
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of found) {
    const type = types[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = new Uint8Array(await readFile(path))
    const etag = `"${hash('sha256', bytes, 'base64url').slice(0, 27)}"`
    files.set(`/${relative(folder, path).split(sep).join('/')}`, { bytes, type, etag })
  }
  return files
}

const page = '/index.html'

/** Serves them to everybody: there is no secret in them. A path that is no file is one of the page's own. */
export function staticRoutes(hono: Hono, files: StaticFiles): void {
  hono.get('*', (context, next) => {
    const { path } = context.req
    const isPage = extname(path) === ''
    const file = files.get(isPage ? page : path)
    if (file === undefined) {
      if (path === '/') return context.text(notBuilt, 200)
      return next()
    }
    // Names with a digest in them never change; the page names the newest of them.
    const cache = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
    const headers = { 'content-type': file.type, etag: file.etag, 'cache-control': cache }
    if (context.req.header('if-none-match') === file.etag) return context.body(null, 304, headers)
    return context.body(file.bytes, 200, headers)
  })
}

const notBuilt =
  'Onceward serves its API under /v1; see /v1/openapi.json. The dashboard is not part of this build.\n'
