/**
 * Calls the route handlers of an App Router as Next.js does, without Next: `node next-host.ts APP_FOLDER`. A `Request` in,
 * a `Response` out, and behind the request a context whose `params` are a promise. Prints its address; `PORT` chooses
 * the port.
 */
import { globSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { serve } from '@hono/node-server'

type Params = Readonly<Record<string, string>>
type Handler = (
  request: Request,
  context: { readonly params: Promise<Params> },
) => Response | Promise<Response>

interface Route {
  /** `api`, `charges`, `[id]`. */
  readonly segments: readonly string[]
  readonly handlers: Readonly<Record<string, Handler | undefined>>
}

const [folder = ''] = process.argv.slice(2)
const routes: readonly Route[] = await Promise.all(
  globSync('**/route.ts', { cwd: folder }).map(async (file) => ({
    segments: dirname(file).split(sep),
    handlers: (await import(pathToFileURL(join(folder, file)).href)) as Route['handlers'],
  })),
)

function paramsOf({ segments }: Route, path: string): Params | undefined {
  const given = path.split('/').slice(1)
  if (given.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    const value = given[index] ?? ''
    const [, name] = /^\[(\w+)\]$/.exec(segment) ?? []
    if (name !== undefined) params[name] = decodeURIComponent(value)
    else if (segment !== value) return undefined
  }
  return params
}

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  for (const route of routes) {
    const params = paramsOf(route, pathname)
    if (params === undefined) continue
    const handler = route.handlers[request.method]
    if (handler === undefined) return new Response(null, { status: 405 })
    return handler(request, { params: Promise.resolve(params) })
  }
  return new Response(null, { status: 404 })
}

const server = serve(
  { fetch: answer, hostname: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) },
  ({ port }) => {
    console.log(`http://127.0.0.1:${port}`)
  },
)
process.once('SIGTERM', () => server.close(() => process.exit(0)))
