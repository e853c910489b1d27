import type { Runtime } from '../../kernel/runtime.ts'
import type { OncewardEvent } from '../../ledger/events.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import { pause } from '../pause.ts'
import type { Activity } from './activity.ts'
import { keptEvent, type KeptEvent } from './streams.ts'

/** Events of one moment, of one scope. */
export interface Burst {
  readonly events: readonly KeptEvent[]
  /** How many more there were. */
  readonly skipped: number
}

/** Gets every burst; returns false to hear no more. */
export type LiveListener = (burst: Burst) => boolean

const gatherMs = 100
const askEveryMs = 500
/** A worker's clock may be behind, and its batch may come late. */
const lookBackMs = 10_000
const maxBurst = 1000

/**
 * The live feed of one scope: what this server does itself, at once; what other workers have written down, half a second
 * later. It asks the store only while somebody listens, once for all listeners.
 */
export class LiveFeed {
  readonly #once: Onceward
  readonly #activity: Activity
  readonly #runtime: Runtime
  /** With what is called when the feed ends first. */
  readonly #listeners = new Map<LiveListener, () => void>()
  #events: KeptEvent[] = []
  #skipped = 0
  #stop: AbortController | undefined

  constructor(once: Onceward, activity: Activity, runtime: Runtime) {
    this.#once = once
    this.#activity = activity
    this.#runtime = runtime
  }

  get listeners(): number {
    return this.#listeners.size
  }

  listen(listener: LiveListener, onEnd: () => void): () => void {
    this.#listeners.set(listener, onEnd)
    if (this.#stop === undefined) this.#begin()
    return () => this.#leave(listener)
  }

  #leave(listener: LiveListener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size === 0) this.#pause()
  }

  #pause(): void {
    this.#stop?.abort()
    this.#stop = undefined
  }

  /** Ends it for everybody who listens. */
  close(): void {
    this.#pause()
    const ends = [...this.#listeners.values()]
    this.#listeners.clear()
    for (const end of ends) end()
  }

  #begin(): void {
    const stop = new AbortController()
    this.#stop = stop
    const deaf = this.#once.on('*', (event) => this.#hear(event))
    stop.signal.addEventListener('abort', deaf)
    void this.#tellAgain(stop.signal)
    void this.#askAgain(stop.signal)
  }

  #hear(event: OncewardEvent): void {
    if (event.type === 'renewed') return
    this.#take([keptEvent(event)], 0)
  }

  #take(events: readonly KeptEvent[], skipped: number): void {
    const room = Math.max(0, maxBurst - this.#events.length)
    this.#events.push(...events.slice(0, room))
    this.#skipped += skipped + Math.max(0, events.length - room)
  }

  async #tellAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#runtime, gatherMs, signal)
      if (signal.aborted || (this.#events.length === 0 && this.#skipped === 0)) continue
      const burst = { events: this.#events, skipped: this.#skipped }
      this.#events = []
      this.#skipped = 0
      for (const listener of this.#listeners.keys()) if (!listener(burst)) this.#leave(listener)
    }
  }

  async #askAgain(signal: AbortSignal): Promise<void> {
    const beginId = this.#idOf(this.#runtime.wallMs())
    let told = new Set<string>()
    while (!signal.aborted) {
      await pause(this.#runtime, askEveryMs, signal)
      if (signal.aborted) return
      const fromId = this.#idOf(this.#runtime.wallMs() - lookBackMs)
      // A store that is out is told of elsewhere; the feed goes on when it is back.
      const found = await this.#activity.feed(this.#once.scope, fromId, 500).catch(() => [])
      const seen = new Set<string>()
      for (const { id, body } of found) {
        seen.add(id)
        if (told.has(id) || id < beginId || id.includes(`/${this.#once.worker}/`)) continue
        const { events, skipped } = JSON.parse(body) as Burst
        this.#take(events, skipped)
      }
      if (found.length > 0) told = seen
    }
  }

  #idOf(ms: number): string {
    return String(Math.floor(ms)).padStart(15, '0')
  }
}
