import type { Runtime } from '../kernel/runtime.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** When a destination is left alone. Whichever bound is reached first opens the circuit; none is set by default. */
export interface BreakerOptions {
  /** Failures in a row. */
  readonly consecutive?: number
  /** Share of failures (0 to 1) among the sends of the window, once there are `minimum` of them. */
  readonly ratio?: number
  /** Share of sends that took longer than `slowMs`, answered or not. */
  readonly slowRatio?: number
  /** Needed with `slowRatio`. */
  readonly slowMs?: number
  /** Default 20. */
  readonly minimum?: number
  /** Default 10,000. */
  readonly windowMs?: number
  /** How long it stays open before it is tried again. Default 10,000. */
  readonly openMs?: number
  /** So many sends at once try it, and all of them must succeed. Default 1. */
  readonly probes?: number
}

export interface ParsedBreaker {
  readonly consecutive: number
  readonly ratio: number
  readonly slowRatio: number
  readonly slowMs: number
  readonly minimum: number
  readonly windowMs: number
  readonly openMs: number
  readonly probes: number
}

/** What the circuit knows when it has to be decided whether it opens. */
export interface BreakerCounts {
  readonly consecutive: number
  readonly sends: number
  readonly failures: number
  readonly slow: number
}

/** Why the circuit opens now, or `undefined`. Pure; a mutant may replace it. */
export function whyOpen(counts: BreakerCounts, options: ParsedBreaker): string | undefined {
  const { consecutive, sends, failures, slow } = counts
  if (consecutive >= options.consecutive) return `${consecutive} failures in a row`
  if (sends < options.minimum) return undefined
  if (failures / sends >= options.ratio) return `${failures} of ${sends} sends failed`
  if (slow / sends >= options.slowRatio) return `${slow} of ${sends} sends took over ${options.slowMs} ms`
  return undefined
}

/** Leave to send. A report that comes after the circuit has changed is about another time, and says nothing. */
export interface Permit {
  readonly generation: number
}

const slots = 10

/** The circuit to one destination. Needs no timer: it is looked at when the next send comes. */
export class Breaker {
  readonly #options: ParsedBreaker
  readonly #runtime: Pick<Runtime, 'monotonicMs'>
  readonly #changed: (from: BreakerState, to: BreakerState, why: string) => void
  readonly #whyOpen: typeof whyOpen
  #state: BreakerState = 'closed'
  #generation = 0
  #openedAtMs = 0
  #probing = 0
  #proved = 0
  #consecutive = 0
  #window: { slot: number; sends: number; failures: number; slow: number }[] = []

  constructor(
    options: ParsedBreaker,
    runtime: Pick<Runtime, 'monotonicMs'>,
    parts: {
      readonly changed: (from: BreakerState, to: BreakerState, why: string) => void
      readonly whyOpen: typeof whyOpen
    },
  ) {
    this.#options = options
    this.#runtime = runtime
    this.#changed = parts.changed
    this.#whyOpen = parts.whyOpen
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Leave to send, or for how long there is none. */
  enter(): Permit | { readonly retryAfterMs: number } {
    const nowMs = this.#runtime.monotonicMs()
    if (this.#state === 'open') {
      const retryAfterMs = this.#openedAtMs + this.#options.openMs - nowMs
      if (retryAfterMs > 0) return { retryAfterMs }
      this.#change('half-open', `${this.#options.openMs} ms have passed`)
    }
    if (this.#state === 'half-open') {
      if (this.#probing + this.#proved >= this.#options.probes) return { retryAfterMs: 0 }
      this.#probing += 1
    }
    return { generation: this.#generation }
  }

  /** How a send went. `ignored`: given up by the caller, which says nothing of the destination. */
  report(permit: Permit, went: 'well' | 'badly' | 'ignored', tookMs: number): void {
    if (permit.generation !== this.#generation) return
    const isSlow = tookMs > this.#options.slowMs
    if (this.#state === 'half-open') return this.#probed(went === 'well' && isSlow ? 'badly' : went)
    if (went === 'ignored') return
    this.#consecutive = went === 'badly' ? this.#consecutive + 1 : 0
    const slot = this.#slot()
    slot.sends += 1
    if (went === 'badly') slot.failures += 1
    if (isSlow) slot.slow += 1
    const why = this.#whyOpen(this.#counts(), this.#options)
    if (why !== undefined) this.#open(why)
  }

  #probed(went: 'well' | 'badly' | 'ignored'): void {
    this.#probing -= 1
    if (went === 'ignored') return
    if (went === 'badly') return this.#open('a probe failed')
    this.#proved += 1
    if (this.#proved >= this.#options.probes) this.#change('closed', `${this.#proved} probes succeeded`)
  }

  #open(why: string): void {
    this.#openedAtMs = this.#runtime.monotonicMs()
    this.#change('open', why)
  }

  #change(to: BreakerState, why: string): void {
    const from = this.#state
    this.#state = to
    this.#generation += 1
    this.#probing = 0
    this.#proved = 0
    this.#consecutive = 0
    this.#window = []
    this.#changed(from, to, why)
  }

  #slot(): { sends: number; failures: number; slow: number } {
    const slotMs = this.#options.windowMs / slots
    const now = Math.floor(this.#runtime.monotonicMs() / slotMs)
    while (this.#window[0] !== undefined && this.#window[0].slot <= now - slots) this.#window.shift()
    const last = this.#window.at(-1)
    if (last?.slot === now) return last
    const made = { slot: now, sends: 0, failures: 0, slow: 0 }
    this.#window.push(made)
    return made
  }

  #counts(): BreakerCounts {
    const counts = { consecutive: this.#consecutive, sends: 0, failures: 0, slow: 0 }
    for (const { sends, failures, slow } of this.#window) {
      counts.sends += sends
      counts.failures += failures
      counts.slow += slow
    }
    return counts
  }
}
