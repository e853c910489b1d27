import { optionInvalid } from '../kernel/errors.ts'
import type { BreakerState } from './breaker.ts'

/** One member per kind of event. Never a header, a body or a query. */
export interface OutboundEventDetails {
  /** A retry has been scheduled. `after` is what it follows: a status, or an error code. */
  retry_scheduled: {
    readonly method: string
    readonly attempt: number
    readonly waitMs: number
    readonly after: number | string
  }
  /** A retry was not scheduled: the destination's budget is spent. */
  budget_spent: { readonly method: string; readonly calls: number; readonly retries: number }
  /** A call ended and nobody knows whether it was carried out. */
  outcome_unknown: { readonly method: string; readonly attempts: number; readonly why: string }
  breaker_changed: { readonly from: BreakerState; readonly to: BreakerState; readonly why: string }
  /** A call was turned away: as many run and wait already as may. */
  bulkhead_full: { readonly running: number; readonly waiting: number }
  /** For longer than `saturatedAfterMs` there have been more requests than connections. */
  pool_saturated: PoolLoad & { readonly forMs: number }
  /** There are connections enough again. */
  pool_relieved: { readonly forMs: number }
}

/** The load of the connections to one destination. */
export interface PoolLoad {
  /** At most so many are opened. */
  readonly connections: number
  /** Requests that are being written or answered. */
  readonly running: number
  /** Requests that have not begun: they wait for a connection, or for one to be made. */
  readonly pending: number
  /** Of those, how many find every connection taken. */
  readonly queued: number
  /** Connections that could still be used or opened. */
  readonly free: number
  /** From being given to the pool to the first byte. */
  readonly waitMs: { readonly count: number; readonly total: number; readonly max: number }
}

export type OutboundEventType = keyof OutboundEventDetails
export type OutboundEvent<T extends OutboundEventType = OutboundEventType> = {
  [K in T]: {
    readonly type: K
    /** The origin: `https://api.example.com`. */
    readonly destination: string
    /** RFC 3339, UTC. */
    readonly at: string
  } & OutboundEventDetails[K]
}[T]
export type OutboundListener<T extends OutboundEventType> = (event: OutboundEvent<T>) => void

/** Listeners of one client. What one throws goes to nobody and stops nothing. */
export class OutboundEvents {
  readonly #listeners = new Map<string, Set<(event: OutboundEvent) => void>>()
  readonly #counts: Partial<Record<OutboundEventType, number>> = {}
  readonly #destination: string
  readonly #now: () => string

  constructor(destination: string, now: () => string) {
    this.#destination = destination
    this.#now = now
  }

  on<T extends OutboundEventType>(type: T | '*', listener: OutboundListener<T>): () => void {
    if (typeof listener !== 'function') throw optionInvalid('listener', 'a function', listener)
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners)
    const entry = listener as unknown as (event: OutboundEvent) => void
    listeners.add(entry)
    return () => listeners.delete(entry)
  }

  emit<T extends OutboundEventType>(type: T, details: OutboundEventDetails[T]): void {
    this.#counts[type] = (this.#counts[type] ?? 0) + 1
    const listeners = [...(this.#listeners.get(type) ?? []), ...(this.#listeners.get('*') ?? [])]
    if (listeners.length === 0) return
    const event = { type, destination: this.#destination, at: this.#now(), ...details }
    for (const listener of listeners) {
      try {
        const answer: unknown = listener(event as unknown as OutboundEvent)
        // Nor must the fault of an asynchronous one end the process.
        if (answer instanceof Promise) answer.catch(() => undefined)
      } catch {
        // A listener's fault must not become a call's outcome.
      }
    }
  }

  counts(): Readonly<Partial<Record<OutboundEventType, number>>> {
    return { ...this.#counts }
  }
}
