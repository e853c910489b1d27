import { useEffect, useState } from 'preact/hooks'

export interface Place {
  readonly path: string
  readonly query: URLSearchParams
}

const changed = 'onceward-place'

export function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) }
}

/** Goes to a page of the dashboard. */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState(undefined, '', to)
  else history.replaceState(undefined, '', to)
  dispatchEvent(new Event(changed))
}

/** The page's own query, changed; what is empty is left out. */
export function withQuery(place: Place, changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(place.query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name)
    else query.set(name, value)
  }
  return query.size === 0 ? place.path : `${place.path}?${query}`
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here)
  useEffect(() => {
    const onChange = (): void => setPlace(here())
    addEventListener('popstate', onChange)
    addEventListener(changed, onChange)
    return () => {
      removeEventListener('popstate', onChange)
      removeEventListener(changed, onChange)
    }
  }, [])
  return place
}

/** Links of the page itself are followed without loading it anew; all else is the browser's. */
export function followLinks(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  const isOurs =
    link !== null &&
    link.origin === location.origin &&
    !link.pathname.startsWith('/v1/') &&
    link.target === '' &&
    !link.hasAttribute('download')
  if (!isOurs || event.defaultPrevented || event.button !== 0) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.hash !== '') return
  event.preventDefault()
  go(`${link.pathname}${link.search}`)
}
