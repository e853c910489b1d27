import { Bag, type Placed } from '../kernel/bag.ts'
import type { Runtime, Timer } from '../kernel/runtime.ts'
import type { Lane } from './group-commit.ts'
import type { Entry } from './entry.ts'
import type { ClockReading, Rules } from './rules.ts'
import type { RenewRequest, RenewResult } from './store.ts'

/** One lease that this process holds. */
export interface Held extends Placed {
  readonly entry: Pick<Entry, 'ref' | 'owner' | 'attempt' | 'leaseMs'>
  /** Read before the claim was sent. */
  readonly began: ClockReading
  /** Read before the claim or the last renewal was sent (rule 8). */
  since: ClockReading
  /** The store's epoch when it was claimed or renewed last. */
  epoch: number
  isRenewing: boolean
  /** The last renewal did not come through. */
  hasMissed: boolean
  /** Called once, when this worker may not act on the entry any more. */
  endLease(message: string): void
  renewed(): void
}

export function readClocks(runtime: Runtime): ClockReading {
  return { monotonicMs: runtime.monotonicMs(), wallMs: runtime.wallMs() }
}

interface HeartbeatOptions {
  readonly runtime: Runtime
  readonly rules: Rules
  readonly renewals: Lane<RenewRequest, RenewResult>
  readonly maxRunMs: number
  /** Of the store by now; `undefined` where it has but one. */
  readonly epoch: () => number | undefined
}

/** Renews every lease this process holds, each after a third of its length, from one timer and in a lane of its own. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #held = new Bag<Held>()
  #timer: Timer | undefined
  #dueAtMs = Number.POSITIVE_INFINITY

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  add(held: Held): void {
    this.#held.add(held)
    this.#schedule(held.since.monotonicMs + held.entry.leaseMs / 3)
  }

  remove(held: Held): void {
    this.#held.remove(held)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const held of this.#held.all()) this.#held.remove(held)
  }

  /** Rule 8: may the owner still begin something? */
  holds(held: Held): boolean {
    return this.#options.rules.holdsLease(held.since, readClocks(this.#options.runtime), held.entry.leaseMs)
  }

  /** What is lost of an epoch may be a takeover: only a lease without a gap says that there was none. */
  #hasGap(held: Held): boolean {
    const epoch = this.#options.epoch() ?? held.epoch
    return epoch !== held.epoch && !this.holds(held)
  }

  /** Sends one renewal. True when the lease is held afterwards. */
  async renew(held: Held): Promise<boolean> {
    const { runtime, renewals } = this.#options
    held.isRenewing = true
    const sentAt = readClocks(runtime)
    const { ref, owner, attempt, leaseMs } = held.entry
    const spentMs = sentAt.monotonicMs - held.since.monotonicMs
    // A lease that lapsed unnoticed, while the machine slept, gets one chance; one that went unrenewed gets none.
    const leftMs = held.hasMissed ? 1 : leaseMs / 4
    const patienceMs = Math.max(leaseMs * 0.85 - spentMs, leftMs)
    const answer = await renewals.ask({ ref, owner, attempt, leaseMs }, patienceMs).catch(() => undefined)
    held.isRenewing = false
    held.hasMissed = answer === undefined
    if (answer === undefined) {
      if (!this.holds(held)) this.#lose(held, 'the lease could not be renewed before it ended')
      else this.#schedule(held.since.monotonicMs + leaseMs * 0.85)
      return false
    }
    if (answer.result.kind === 'lost')
      this.#lose(held, 'another worker has taken over, or the entry was put in doubt')
    if (answer.result.kind !== 'renewed') return false
    if (this.#hasGap(held)) {
      this.#lose(held, 'it had lapsed, and another worker may have taken over in an epoch that is lost')
      return false
    }
    held.since = sentAt
    held.epoch = this.#options.epoch() ?? held.epoch
    held.renewed()
    return true
  }

  #lose(held: Held, message: string): void {
    if (this.#held.remove(held)) held.endLease(message)
  }

  #schedule(dueAtMs: number): void {
    if (dueAtMs >= this.#dueAtMs) return
    this.#timer?.cancel()
    this.#dueAtMs = dueAtMs
    const delayMs = Math.max(dueAtMs - this.#options.runtime.monotonicMs(), 1)
    this.#timer = this.#options.runtime.setTimer(delayMs, () => this.#beat(), { background: true })
  }

  #beat(): void {
    const { runtime, maxRunMs } = this.#options
    this.#dueAtMs = Number.POSITIVE_INFINITY
    const now = readClocks(runtime)
    let nextMs = Number.POSITIVE_INFINITY
    for (const held of this.#held.all()) {
      const ageMs = Math.max(now.monotonicMs - held.since.monotonicMs, now.wallMs - held.since.wallMs)
      if (now.monotonicMs - held.began.monotonicMs >= maxRunMs) {
        this.#lose(held, `the attempt ran longer than ${maxRunMs} ms (maxRunMs)`)
        continue
      }
      if (!held.isRenewing && ageMs >= held.entry.leaseMs / 3) void this.renew(held)
      const restMs = held.isRenewing ? held.entry.leaseMs / 6 : Math.max(held.entry.leaseMs / 3 - ageMs, 1)
      nextMs = Math.min(nextMs, now.monotonicMs + restMs, held.began.monotonicMs + maxRunMs)
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#schedule(nextMs)
  }
}
