import type { RefObject } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type ApiProblem, get, problemOf } from './api.ts'
import { signedOut } from './session.ts'
import type { LedgerEvent } from './types.ts'

export interface Loaded<T> {
  readonly data: T | undefined
  readonly problem: ApiProblem | undefined
  readonly isLoading: boolean
  /** Asks again, and keeps showing what is there. */
  readonly reload: () => void
}

/** What a path of the API answers; asked again when the path changes, and every `everyMs` while the page is looked at. */
export function useLoad<T>(path: string | undefined, everyMs?: number): Loaded<T> {
  const [data, setData] = useState<{ path: string; value: T }>()
  const [problem, setProblem] = useState<ApiProblem>()
  const [isLoading, setLoading] = useState(path !== undefined)
  const [round, setRound] = useState(0)
  const reload = useCallback(() => setRound((before) => before + 1), [])
  useEffect(() => {
    if (path === undefined) return undefined
    const controller = new AbortController()
    setLoading(true)
    get<T>(path, controller.signal)
      .then((value) => {
        setData({ path, value })
        setProblem(undefined)
      })
      .catch((error: unknown) => {
        if (controller.signal.aborted) return
        const told = problemOf(error)
        if (told.status === 401) signedOut()
        setProblem(told)
      })
      .finally(() => {
        if (!controller.signal.aborted) setLoading(false)
      })
    return () => controller.abort()
  }, [path, round])
  useEvery(path === undefined ? undefined : everyMs, reload)
  return {
    data: data !== undefined && data.path === path ? data.value : undefined,
    problem,
    isLoading,
    reload,
  }
}

/** Calls again and again, only while the page is looked at. */
export function useEvery(everyMs: number | undefined, work: () => void): void {
  useEffect(() => {
    if (everyMs === undefined) return undefined
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') work()
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs, work])
}

/** The time, every second: ages on the page go on. */
export function useNow(): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  const tick = useCallback(() => setNowMs(Date.now()), [])
  useEvery(1000, tick)
  return nowMs
}

export interface Live {
  readonly isConnected: boolean
  /** How many events the server left out, because they were too many. */
  readonly skipped: number
}

/** Tells of each burst of events of the live feed. */
export function useLive(path: string | undefined, onEvents: (events: readonly LedgerEvent[]) => void): Live {
  const [live, setLive] = useState<Live>({ isConnected: false, skipped: 0 })
  const listener = useRef(onEvents)
  listener.current = onEvents
  useEffect(() => {
    if (path === undefined) return undefined
    const source = new EventSource(path)
    let waiting: LedgerEvent[] = []
    let frame = 0
    const tell = (): void => {
      frame = 0
      const events = waiting
      waiting = []
      listener.current(events)
    }
    source.addEventListener('open', () => setLive((before) => ({ ...before, isConnected: true })))
    source.addEventListener('error', () => setLive((before) => ({ ...before, isConnected: false })))
    source.addEventListener('skipped', (event) =>
      setLive((before) => ({ ...before, skipped: before.skipped + Number(event.data) })),
    )
    source.addEventListener('ledger', (event) => {
      waiting.push(JSON.parse(event.data as string) as LedgerEvent)
      if (frame === 0) frame = requestAnimationFrame(tell)
    })
    return () => {
      source.close()
      cancelAnimationFrame(frame)
    }
  }, [path])
  return live
}

/** Keys of the page, where nobody is typing. */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const current = useRef(keys)
  current.current = keys
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping =
        event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
      const work = current.current[event.key]
      if (work === undefined) return
      event.preventDefault()
      work()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

/** How wide an element is inside, in CSS pixels: pictures are drawn for it, so that their text stays as large as the page's. */
export function useWidth<E extends HTMLElement>(first: number): readonly [RefObject<E | null>, number] {
  const element = useRef<E>(null)
  const [width, setWidth] = useState(first)
  useLayoutEffect(() => {
    const observed = element.current
    if (observed === null) return undefined
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.max(200, Math.round(entry.contentRect.width)))
    })
    observer.observe(observed)
    return () => observer.disconnect()
  }, [])
  return [element, width]
}
