import type { IncomingMessage } from 'node:http'
import type { ErrorWatcher } from '../../http/index.ts'

type Next = (error?: unknown) => void
type Handle = (request: IncomingMessage, response: unknown, next: Next) => unknown
type LayerPrototype = Record<'handleRequest' | 'handle_request', Handle | undefined>

interface Router {
  readonly stack: readonly object[]
}
type Watched = IncomingMessage & { readonly app?: object }

const watchers = new WeakMap<IncomingMessage, ErrorWatcher>()
const watched = new WeakSet<object>()

/**
 * Tells `watcher` the first error of the handlers behind, before Express does anything with it.
 *
 * Express shows errors to error handlers alone, which stand behind the routes and may belong to anyone, so the one place
 * where every error of every handler passes is the layer that runs it (docs/decisions/027). Where an application has no
 * layers of the known shape, its errors are not seen, and what its error handlers answer counts as the answer.
 */
export function watchErrors(request: Watched, watcher: ErrorWatcher): void {
  watchLayers(request.app as Parameters<typeof watchLayers>[0])
  watchers.set(request, watcher)
}

function watchLayers(app: Readonly<Record<string, Router | undefined>> | undefined): void {
  // Express 4 has `_router`, and a getter `router` that throws.
  const [layer] = (app?.['_router'] ?? app?.['router'])?.stack ?? []
  if (layer === undefined) return
  const prototype = Object.getPrototypeOf(layer) as LayerPrototype
  if (watched.has(prototype)) return
  watched.add(prototype)
  for (const name of ['handleRequest', 'handle_request'] as const) {
    const handle = prototype[name]
    if (typeof handle === 'function') prototype[name] = watching(handle)
  }
}

function watching(handle: Handle): Handle {
  return function handleWatched(this: unknown, ...[request, response, next]: Parameters<Handle>) {
    const watcher = watchers.get(request)
    if (watcher === undefined) return handle.call(this, request, response, next)
    return handle.call(this, request, response, (error) => {
      if (!isError(error) || !watchers.delete(request)) return next(error)
      return watcher(error, () => next(error))
    })
  }
}

/** `next('route')` and `next('router')` are ways to go, not errors. */
function isError(error: unknown): boolean {
  return Boolean(error) && error !== 'route' && error !== 'router'
}
