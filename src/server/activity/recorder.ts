import type { Runtime } from '../../kernel/runtime.ts'
import type { OncewardEvent } from '../../ledger/events.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { Store } from '../../ledger/store.ts'
import { systemRuntime } from '../../system.ts'
import { pause } from '../pause.ts'
import { countEvent, emptyTally, type Tally } from './counts.ts'
import {
  dayMs,
  feedStream,
  hourMs,
  historyStream,
  keptEvent,
  type KeptEvent,
  minuteId,
  minuteMs,
  minutesStream,
  twinsStream,
} from './streams.ts'

export interface RecorderOptions {
  readonly store: Store
  /** How often what has been counted is written. Default 1,000 ms. */
  readonly everyMs?: number
  readonly runtime?: Runtime
  /** Is told when the store would not take it; the counts are kept for the next time. */
  readonly onError?: (error: unknown) => void
}

/** An instance whose activity is written down for the server. */
export interface Recorder {
  /** Writes what has been counted so far. */
  flush(): Promise<void>
  /** Stops listening and writes the rest. Call it before the instance is closed. */
  stop(): Promise<void>
}

/** Of one flush; what is more is counted and not told. */
const maxFeedEvents = 200
const maxHistoryRefs = 500
const maxEventsOfRef = 50
const maxTwins = 100
/** Ids fall as time goes on. */
const endUs = 9_000_000_000_000_000

/** What can be read off the row itself is not written a second time. */
const plain: readonly OncewardEvent['type'][] = [
  'effect_started',
  'succeeded',
  'renewed',
  'swept',
  'store_fault',
  'step_started',
  'step_finished',
]

/**
 * Writes what an instance does into the records of its store, where the server finds it: counts by minute, the events of
 * the last moments, and what is notable of an entry (takeovers, replays, doubts). At most a few writes a second, whatever
 * the instance does; none while it does nothing.
 */
export function recordActivity(once: Onceward, options: RecorderOptions): Recorder {
  return new ActivityRecorder(once, options)
}

class ActivityRecorder implements Recorder {
  readonly #once: Onceward
  readonly #store: Store
  readonly #runtime: Runtime
  readonly #onError: (error: unknown) => void
  readonly #stopListening: () => void
  readonly #stopping = new AbortController()
  readonly #minutes = new Map<string, { tally: Tally; version: number; isChanged: boolean }>()
  readonly #loop: Promise<void>
  #feed: KeptEvent[] = []
  #skipped = 0
  #history = new Map<string, KeptEvent[]>()
  #twins: KeptEvent[] = []
  #flushes = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(once: Onceward, options: RecorderOptions) {
    this.#once = once
    this.#store = options.store
    this.#runtime = options.runtime ?? systemRuntime
    this.#onError = options.onError ?? (() => undefined)
    this.#stopListening = once.on('*', (event) => this.#hear(event))
    this.#loop = this.#run(options.everyMs ?? 1000)
  }

  #hear(event: OncewardEvent): void {
    const id = minuteId(event.atUs / 1000)
    let minute = this.#minutes.get(id)
    if (minute === undefined) {
      minute = { tally: emptyTally(), version: 0, isChanged: true }
      this.#minutes.set(id, minute)
    }
    minute.isChanged = true
    countEvent(minute.tally, event)
    if (event.type === 'renewed' || event.type === 'swept') return
    if (this.#feed.length < maxFeedEvents) this.#feed.push(keptEvent(event))
    else this.#skipped += 1
    if (event.ref !== '' && !isPlain(event)) this.#remember(keptEvent(event))
    const isTwin = event.type === 'twin' || event.type === 'key_unstable'
    if (isTwin && this.#twins.length < maxTwins) this.#twins.push(keptEvent(event))
  }

  #remember(event: KeptEvent): void {
    const known = this.#history.get(event.ref)
    if (known !== undefined) {
      if (known.length < maxEventsOfRef) known.push(event)
    } else if (this.#history.size < maxHistoryRefs) this.#history.set(event.ref, [event])
  }

  async #run(everyMs: number): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await pause(this.#runtime, everyMs, this.#stopping.signal)
      await this.flush()
    }
  }

  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#flush()).catch(this.#onError)
    return this.#writing
  }

  async #flush(): Promise<void> {
    await this.#writeEvents()
    await this.#writeMinutes()
  }

  /** Told once: what the store does not take is lost to the feed, and counts go on. */
  async #writeEvents(): Promise<void> {
    const { scope, worker } = this.#once
    const [events, history, skipped, twins] = [this.#feed, this.#history, this.#skipped, this.#twins]
    if (events.length === 0) return
    this.#feed = []
    this.#history = new Map()
    this.#skipped = 0
    this.#twins = []
    this.#flushes += 1
    const nowMs = this.#runtime.wallMs()
    const suffix = `${String(Math.floor(nowMs)).padStart(15, '0')}/${worker}/${this.#flushes}`
    const rows = [...history].map(([ref, told]) => ({
      stream: historyStream(scope, nowMs),
      id: `${ref}/${suffix}`,
      body: JSON.stringify(told),
    }))
    const feed = { stream: feedStream(scope), id: suffix, body: JSON.stringify({ events, skipped }) }
    const found = twins.map((event, at) => ({
      stream: twinsStream(scope),
      id: `${endUs - event.atUs}/${worker}/${this.#flushes}/${at}`,
      body: JSON.stringify(event),
    }))
    await this.#store.records.append([feed, ...rows, ...found])
  }

  async #writeMinutes(): Promise<void> {
    const { scope, worker } = this.#once
    const nowId = minuteId(this.#runtime.wallMs())
    for (const [minute, kept] of this.#minutes) {
      if (kept.isChanged) {
        kept.isChanged = false
        const record = {
          stream: minutesStream(scope),
          id: `${minute}/${worker}`,
          version: kept.version,
          body: JSON.stringify(kept.tally),
        }
        try {
          kept.version = await this.#replace(record)
        } catch (error) {
          kept.isChanged = true
          throw error
        }
      }
      if (minute < nowId && !kept.isChanged) this.#minutes.delete(minute)
    }
  }

  /** Gives the version then. A write whose reply was lost has raised it already: both are tried. */
  async #replace(record: Parameters<Store['records']['replaceIf']>[0]): Promise<number> {
    for (const version of [record.version, record.version + 1])
      if (await this.#store.records.replaceIf({ ...record, version })) return version + 1
    return record.version
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort()
    await this.#loop
    await this.flush()
  }
}

function isPlain(event: OncewardEvent): boolean {
  return (
    plain.includes(event.type) || (event.type === 'claimed' && !event.takeover && event.fence.attempt === 1)
  )
}

/** How long each kind of record is of use. */
export const keptFor: Readonly<Record<'minutes' | 'hours' | 'feed' | 'history' | 'twins', number>> = {
  minutes: 2 * dayMs,
  hours: 400 * dayMs,
  feed: 2 * minuteMs,
  history: 14 * dayMs,
  twins: 90 * dayMs,
}

/** Older than this, minutes are not written any more. */
export const settledAfterMs: number = 2 * hourMs
