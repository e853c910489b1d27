import type { Dispatcher } from 'undici'
import { Bag } from '../kernel/bag.ts'
import type { Runtime, Timer } from '../kernel/runtime.ts'
import type { OutboundEvents, PoolLoad } from './events.ts'
import type { Send, SendEnd } from './send.ts'

export interface FlightsOptions {
  readonly pool: Dispatcher
  readonly runtime: Runtime
  readonly events: OutboundEvents
  readonly connections: number
  readonly saturatedAfterMs: number
}

/**
 * The sends to one destination that are under way: their time limits, and whether there are connections enough. One
 * timer serves all of them, and none is set again once nothing is under way.
 */
export class Flights {
  readonly #options: FlightsOptions
  readonly #sends = new Bag<Send>()
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #running = 0
  #waits = 0
  #waitMs = 0
  #longestWaitMs = 0
  #saturatedSinceMs: number | undefined
  #hasTold = false
  #saturatedMs = 0

  constructor(options: FlightsOptions) {
    this.#options = options
  }

  dispatch(send: Send): void {
    this.#sends.add(send)
    this.#watch()
    if (send.expiresAtMs < this.#timerAtMs) this.#arm(send.expiresAtMs)
    this.#options.pool.dispatch(
      {
        method: send.sending.method,
        path: send.sending.path,
        headers: send.sending.headers as string[],
        body: send.sending.body,
      },
      send,
    )
  }

  begun(send: Send): void {
    const waitMs = this.#options.runtime.monotonicMs() - send.beganAtMs
    this.#running += 1
    this.#waits += 1
    this.#waitMs += waitMs
    if (waitMs > this.#longestWaitMs) this.#longestWaitMs = waitMs
  }

  ended(send: Send, end: SendEnd): void {
    if (!this.#sends.remove(send)) return
    if (end.kind === 'answered' || end.hasBegun) this.#running -= 1
    if (this.#saturatedSinceMs !== undefined) this.#watch()
  }

  load(): PoolLoad {
    const { connections } = this.#options
    const pending = this.#sends.size - this.#running
    return {
      connections,
      running: this.#running,
      pending,
      queued: Math.max(0, this.#sends.size - connections),
      free: Math.max(0, connections - this.#sends.size),
      waitMs: { count: this.#waits, total: this.#waitMs, max: this.#longestWaitMs },
    }
  }

  /** How long the pool has been saturated in all, told of or not. */
  get saturatedMs(): number {
    if (this.#saturatedSinceMs === undefined) return this.#saturatedMs
    return this.#saturatedMs + this.#options.runtime.monotonicMs() - this.#saturatedSinceMs
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timerAtMs = Number.POSITIVE_INFINITY
  }

  /** Saturated: more requests than connections, so at least the difference finds none. */
  #watch(): void {
    const { connections, runtime, events, saturatedAfterMs } = this.#options
    const isSaturated = this.#sends.size > connections
    if (isSaturated === (this.#saturatedSinceMs !== undefined)) return
    const nowMs = runtime.monotonicMs()
    if (isSaturated) {
      this.#saturatedSinceMs = nowMs
      if (nowMs + saturatedAfterMs < this.#timerAtMs) this.#arm(nowMs + saturatedAfterMs)
      return
    }
    const forMs = nowMs - (this.#saturatedSinceMs ?? nowMs)
    this.#saturatedMs += forMs
    this.#saturatedSinceMs = undefined
    if (this.#hasTold) events.emit('pool_relieved', { forMs })
    this.#hasTold = false
  }

  #arm(atMs: number): void {
    const { runtime } = this.#options
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    this.#timer = runtime.setTimer(Math.max(0, atMs - runtime.monotonicMs()), () => this.#tick(), {
      background: true,
    })
  }

  #tick(): void {
    const { runtime, saturatedAfterMs } = this.#options
    const nowMs = runtime.monotonicMs()
    this.#timerAtMs = Number.POSITIVE_INFINITY
    let nextMs = this.#tellOfSaturation(nowMs)
    for (const send of this.#sends.all()) {
      if (send.expiresAtMs <= nowMs) {
        send.cancel(new SendTimeout(`no whole answer within ${Math.round(nowMs - send.beganAtMs)} ms`))
      } else if (send.expiresAtMs < nextMs) nextMs = send.expiresAtMs
    }
    if (this.#saturatedSinceMs !== undefined && !this.#hasTold)
      nextMs = Math.min(nextMs, this.#saturatedSinceMs + saturatedAfterMs)
    // A send that was made meanwhile, by whoever heard of one that ended, may have armed it already.
    if (nextMs < this.#timerAtMs) this.#arm(nextMs)
  }

  #tellOfSaturation(nowMs: number): number {
    const { events, saturatedAfterMs } = this.#options
    if (this.#saturatedSinceMs === undefined || this.#hasTold) return Number.POSITIVE_INFINITY
    const forMs = nowMs - this.#saturatedSinceMs
    if (forMs < saturatedAfterMs) return this.#saturatedSinceMs + saturatedAfterMs
    this.#hasTold = true
    events.emit('pool_saturated', { ...this.load(), forMs })
    return Number.POSITIVE_INFINITY
  }
}

export class SendTimeout extends Error {
  readonly code = 'SEND_TIMEOUT'
}
