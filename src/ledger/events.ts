import { optionInvalid } from '../kernel/errors.ts'
import type { Runtime } from '../kernel/runtime.ts'
import type { Fence } from './entry.ts'

/** What every event carries: enough to read a race off a log of several workers. */
export interface EventContext {
  /** Microseconds since the epoch, by this worker's wall clock. */
  readonly atUs: number
  /** The instance that speaks. */
  readonly worker: string
  readonly ref: string
  readonly scope: string
  readonly operation: string
  /** The stored form of the key. */
  readonly key: string
  readonly subject?: string
}

/** One member per kind of event, with what it says beyond `EventContext`. Redacted: never an input or a result. */
export interface EventDetails {
  /** Verdict run: this worker owns the entry. */
  claimed: { readonly verdict: 'run'; readonly fence: Fence; readonly takeover: boolean }
  /** Verdict wait: somebody else owns it, or is about to: then there is no fence yet. */
  waiting: { readonly verdict: 'wait'; readonly fence?: Fence; readonly local: boolean }
  /** Verdict replay: the kept outcome was given to another caller. */
  replayed: { readonly verdict: 'replay'; readonly fence: Fence; readonly state: 'succeeded' | 'failed' }
  /** Verdict refuse: the call was answered with an error, and nothing ran. */
  refused: { readonly verdict: 'refuse'; readonly code: string }
  /** Verdict doubt: the call was answered with `IN_DOUBT`, and nothing ran. */
  doubted: { readonly verdict: 'doubt'; readonly fence: Fence }
  /** The effect begins now. */
  effect_started: { readonly fence: Fence }
  succeeded: { readonly fence: Fence; readonly durationMs: number; readonly valueKept: boolean }
  failed: { readonly fence: Fence; readonly durationMs: number; readonly message: string }
  /** A definite failure that may be tried again, or a claim given back before anything began. */
  released: { readonly fence: Fence; readonly message: string }
  /** The attempt ended and nobody knows how; the entry stays `started` and may be taken over where that is safe. */
  outcome_unknown: { readonly fence: Fence; readonly message: string }
  /** The entry has been put in doubt. */
  in_doubt: { readonly fence: Fence; readonly why: string }
  /** A doubt, or a lapsed start, was ended by evidence. */
  resolved: { readonly fence: Fence; readonly state: string; readonly by: string; readonly because: string }
  renewed: { readonly fence: Fence }
  /** This worker may not act on the entry any more. */
  lease_lost: { readonly fence: Fence; readonly message: string }
  /** An outcome that came after the entry had gone on without its owner (rule 3). Also kept in the store. */
  late_outcome: {
    readonly fence: Fence
    readonly outcome: 'succeeded' | 'failed' | 'unknown'
    readonly state: string
  }
  step_started: { readonly step: string; readonly fence: Fence }
  step_finished: {
    readonly step: string
    readonly fence: Fence
    readonly outcome: 'succeeded' | 'failed' | 'unknown'
  }
  step_replayed: { readonly step: string; readonly fence: Fence }
  /** Another key did the same work for the same subject: an unstable key in disguise. */
  twin: { readonly twinRef: string; readonly refused: boolean }
  /** The key lint warns (`keyLint: 'warn'`, or a ten-digit number). */
  key_unstable: { readonly message: string }
  /** The result could not be kept (rule 11). */
  result_not_kept: { readonly message: string }
  /** The target was asked whether it happened (`happened` is `null` where it could not tell). */
  asked: { readonly fence: Fence; readonly happened: boolean | null; readonly step?: string | undefined }
  /** The store was out and the operation is registered with `onStoreOutage: 'run'`: the effect runs unguarded. */
  unguarded: { readonly message: string }
  /** A call to the store failed and will be, or will not be, tried again. */
  store_fault: { readonly kind: string; readonly message: string; readonly retried: boolean }
  /** The store's lineage has changed: what it acknowledged before may be lost. This process asserts what it knows. */
  new_epoch: { readonly epoch: number; readonly formerEpoch: number }
  /** All that this process remembers has been asserted; `recalled` entries had been lost, or were older there. */
  recalled: {
    readonly epoch: number
    readonly recalled: number
    readonly kept: number
    readonly conflicts: number
    /** Entries that the store would not take. */
    readonly refused: number
    readonly durationMs: number
  }
  /** Another attempt had been started before this one was recalled: neither is believed. */
  recall_conflict: { readonly fence: Fence; readonly state: string }
  /** Acknowledged entries that would not be recalled any more, because too much was acknowledged since. */
  recall_forgotten: { readonly entries: number }
  /** A call is held back, because the epoch is young and others may still recall what they know of its entry. */
  recall_awaited: { readonly retryAfterMs: number }
  /** A sweep has looked at lapsed leases and old results. */
  swept: {
    readonly lapsed: number
    readonly doubted: number
    readonly asked: number
    readonly buried: number
    readonly deleted: number
  }
}

export type EventType = keyof EventDetails
/** One event as a listener gets it. `ref`, `operation` and `key` are '' where it is about no single entry. */
export type OncewardEvent<T extends EventType = EventType> = {
  [K in T]: { readonly type: K } & EventContext & EventDetails[K]
}[T]
export type Listener<T extends EventType> = (event: OncewardEvent<T>) => void

/** Counts by event type since the instance was made. */
export type EventCounts = Readonly<Partial<Record<EventType, number>>>

/** What an event is about: an entry, or an identity. */
export type EventSubject = Pick<EventContext, 'ref' | 'scope' | 'operation' | 'key'> & {
  readonly subject?: string | undefined
} & Partial<Fence>

type Details<T extends EventType> = Omit<EventDetails[T], 'fence'> & { readonly fence?: Fence }

/** For events that are about no single entry. */
export function nobody(scope: string): EventSubject {
  return { ref: '', scope, operation: '', key: '' }
}

/** A typed stream of events. Listeners run at once, in order; what one throws goes to nobody and stops nothing. */
export class EventStream {
  readonly worker: string
  readonly #runtime: Runtime
  readonly #listeners = new Map<string, Set<(event: OncewardEvent) => void>>()
  readonly #counts: Partial<Record<EventType, number>> = {}

  constructor(runtime: Runtime, worker: string) {
    this.#runtime = runtime
    this.worker = worker
  }

  /** Adds a listener for one type, or for all with `'*'`. The answer removes it. */
  on<T extends EventType>(type: T | '*', listener: Listener<T>): () => void {
    if (typeof listener !== 'function') throw optionInvalid('listener', 'a function', listener)
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners)
    const entry = listener as unknown as (event: OncewardEvent) => void
    listeners.add(entry)
    return () => listeners.delete(entry)
  }

  /** Where `about` is an entry, the event carries its fence. */
  emit<T extends EventType>(type: T, about: EventSubject, details: Details<T>): void {
    this.#counts[type] = (this.#counts[type] ?? 0) + 1
    const specific = this.#listeners.get(type)
    const general = this.#listeners.get('*')
    if (specific === undefined && general === undefined) return
    const { ref, scope, operation, key, subject, epoch, attempt } = about
    const fence = epoch === undefined ? {} : { fence: { epoch, attempt } }
    const context = { ref, scope, operation, key, ...(subject === undefined ? {} : { subject }) }
    const event = {
      type,
      atUs: Math.round(this.#runtime.wallMs() * 1000),
      worker: this.worker,
      ...context,
      ...fence,
      ...details,
    }
    for (const listener of [...(specific ?? []), ...(general ?? [])]) {
      try {
        const answer: unknown = listener(event as unknown as OncewardEvent)
        // Nor must the fault of an asynchronous one end the process.
        if (answer instanceof Promise) answer.catch(() => undefined)
      } catch {
        // A listener's fault must not become an effect's outcome.
      }
    }
  }

  counts(): EventCounts {
    return { ...this.#counts }
  }
}
