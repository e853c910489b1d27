import { matchesRequest, type ProxiedRequest, type RequestMatch } from './requests.ts'

/** Where a connection is cut: its client sees a reset either way. */
export interface Cut {
  /** `request`: the server never hears of it. `reply`: the server has done it, and the client does not hear of that. */
  readonly at: 'request' | 'reply'
  /** Default: any request. */
  readonly when?: RequestMatch
  /** So many matching requests pass first. Default 0. */
  readonly skip?: number
  /** How many requests are cut, one after the other. Default 1. */
  readonly times?: number
  /** Of the beginning of the reply, so many bytes at most still reach the client. Default 0. */
  readonly afterBytes?: number
}

/** A cut that waits for its request. */
export interface ArmedCut {
  /** Resolves when the last one has been cut. */
  readonly done: Promise<void>
  /** Requests cut so far. */
  readonly count: number
  /** Waits for no further request. */
  cancel(): void
}

/** All cuts that wait for their request, in the order in which they were asked for. */
export class Cuts {
  readonly #armed: Armed[] = []

  arm(cut: Cut): ArmedCut {
    const armed = new Armed(cut)
    this.#armed.push(armed)
    return armed
  }

  /** The cut that is meant for this request, if any: it is spent by it. */
  take(request: ProxiedRequest): TakenCut | undefined {
    for (const armed of this.#armed) {
      if (!armed.takes(request)) continue
      const { at, afterBytes = 0 } = armed.cut
      return { at, afterBytes, done: () => armed.happened() }
    }
    return undefined
  }
}

/** One request's cut. */
export interface TakenCut {
  readonly at: Cut['at']
  readonly afterBytes: number
  /** Tells that it has been cut. */
  readonly done: () => void
}

class Armed implements ArmedCut {
  readonly cut: Cut
  readonly done: Promise<void>
  count = 0
  readonly #resolve: () => void
  #left: number
  #skip: number

  constructor(cut: Cut) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.cut = cut
    this.done = promise
    this.#resolve = resolve
    this.#left = cut.times ?? 1
    this.#skip = cut.skip ?? 0
  }

  takes(request: ProxiedRequest): boolean {
    if (this.#left === 0 || !matchesRequest(this.cut.when, request)) return false
    if (this.#skip > 0) {
      this.#skip -= 1
      return false
    }
    this.#left -= 1
    return true
  }

  happened(): void {
    this.count += 1
    if (this.count === (this.cut.times ?? 1)) this.#resolve()
  }

  cancel(): void {
    this.#left = 0
  }
}
