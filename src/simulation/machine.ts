import type { Runtime, Timer } from '../kernel/runtime.ts'
import { seededRandom } from '../testing/random.ts'
import type { Actor, Scheduler } from './scheduler.ts'

/** Virtual time begins here. Keys hold no instants, so any moment will do. */
export const originMs: number = Date.UTC(2026, 0, 15, 12)

/**
 * One process on a machine of its own: its clocks may go wrong, it may stand still, and it may die. What it has asked
 * for is then never answered: its promises do not settle.
 */
export class Machine implements Actor, Runtime {
  readonly slot: number
  /** Rises with every restart. */
  readonly incarnation: number
  readonly name: string
  readonly #scheduler: Scheduler
  readonly #chance: () => number
  isAlive = true
  /** Its instance takes no new work. */
  isClosed = false
  stoppedUntilMs = 0
  stoppedFromMs = 0
  /** The last moment at which it stood still, was shut out of the store, or had a message swallowed. */
  impairedAtMs = -1
  /** How far its wall clock is off. */
  wallOffsetMs = 0
  /** How long its monotonic clock has stood still: the machine slept. */
  monotonicLagMs = 0

  constructor(scheduler: Scheduler, about: { slot: number; incarnation: number; seed: number }) {
    this.#scheduler = scheduler
    this.slot = about.slot
    this.incarnation = about.incarnation
    this.name = `w${about.slot}${"'".repeat(about.incarnation)}`
    this.#chance = seededRandom(about.seed ^ Math.imul(about.slot * 64 + about.incarnation + 1, 0x9e3779b1))
  }

  wallMs(): number {
    return originMs + this.#scheduler.nowMs + this.wallOffsetMs
  }

  monotonicMs(): number {
    return this.#scheduler.nowMs - this.monotonicLagMs
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const dueMs = this.monotonicMs() + delayMs
    const timer = { isCancelled: false, cancel: (): void => undefined }
    const wait = (ms: number): void => {
      const happening = this.#scheduler.after(ms, this, () => {
        const leftMs = dueMs - this.monotonicMs()
        if (leftMs <= 0) callback()
        else wait(leftMs)
        return leftMs <= 0
      })
      timer.cancel = () => {
        happening.isCancelled = true
      }
    }
    wait(delayMs)
    return { cancel: () => timer.cancel() }
  }

  endOfTurn(callback: () => void): void {
    this.#scheduler.endOfTurn(this, callback)
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.#chance() * 256))
  }

  random(): number {
    return this.#chance()
  }

  impair(untilMs: number): void {
    this.impairedAtMs = Math.max(this.impairedAtMs, untilMs)
  }

  kill(): void {
    this.isAlive = false
  }

  /** Stands still: SIGSTOP, or the sleep of the machine, in which the monotonic clock may stop. */
  stop(forMs: number, monotonicStops: boolean): void {
    this.stoppedFromMs = this.#scheduler.nowMs
    this.stoppedUntilMs = this.stoppedFromMs + forMs
    this.impair(this.stoppedUntilMs)
    if (monotonicStops) this.monotonicLagMs += forMs
  }
}
