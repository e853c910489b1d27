import type { Runtime, Timer } from '../../src/kernel/runtime.ts'

interface Pending {
  readonly dueMs: number
  readonly order: number
  readonly worker: VirtualWorker
  readonly callback: () => void
}

/**
 * Time that passes only when a test says so, for any number of workers and stores. Between two moments everything
 * that needs no time happens: promises, and what waits for the end of the turn.
 */
export class VirtualTime {
  readonly originMs: number = Date.UTC(2026, 0, 15, 12)
  #elapsedMs = 0
  #order = 0
  #openTurns = 0
  readonly #pending = new Set<Pending>()

  /** Milliseconds since the beginning. */
  get elapsedMs(): number {
    return this.#elapsedMs
  }

  /** A process of its own: with clocks that may go wrong, and a life that may end. */
  worker(seed = 1): VirtualWorker {
    return new VirtualWorker(this, seed)
  }

  /** Lets everything happen that needs no time. */
  async quiet(): Promise<void> {
    for (let calm = 0; calm < 2; ) {
      await new Promise((resolve) => setImmediate(resolve))
      calm = this.#openTurns === 0 ? calm + 1 : 0
    }
  }

  /** Lets `ms` pass. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms
    await this.quiet()
    for (let next = this.#next(); next !== undefined && next.dueMs <= untilMs; next = this.#next()) {
      this.#fire(next)
      await this.quiet()
    }
    this.#elapsedMs = untilMs
  }

  /** Lets as much time pass as `promise` needs, at most `limitMs`. */
  async until<T>(promise: Promise<T>, limitMs: number = 24 * 60 * 60 * 1000): Promise<T> {
    const left = new Set([promise])
    const done = (): void => void left.delete(promise)
    promise.then(done, done)
    const untilMs = this.#elapsedMs + limitMs
    for (await this.quiet(); left.size > 0; await this.quiet()) {
      const next = this.#next()
      if (next === undefined) throw new Error('Nothing is left to happen, and the promise is still open.')
      if (next.dueMs > untilMs) throw new Error(`The promise is still open after ${limitMs} ms.`)
      this.#fire(next)
    }
    return promise
  }

  setTimer(worker: VirtualWorker, delayMs: number, callback: () => void): Timer {
    this.#order += 1
    const pending = {
      dueMs: this.#elapsedMs + Math.max(delayMs, 0),
      order: this.#order,
      worker,
      callback,
    }
    this.#pending.add(pending)
    return { cancel: () => void this.#pending.delete(pending) }
  }

  endOfTurn(worker: VirtualWorker, callback: () => void): void {
    this.#openTurns += 1
    setImmediate(() => {
      this.#openTurns -= 1
      if (worker.isAlive) callback()
    })
  }

  #next(): Pending | undefined {
    let first: Pending | undefined
    for (const pending of this.#pending) {
      if (!pending.worker.isAlive || pending.worker.isFrozen) continue
      const isEarlier =
        first === undefined ||
        pending.dueMs < first.dueMs ||
        (pending.dueMs === first.dueMs && pending.order < first.order)
      if (isEarlier) first = pending
    }
    return first
  }

  #fire(pending: Pending): void {
    this.#pending.delete(pending)
    this.#elapsedMs = Math.max(this.#elapsedMs, pending.dueMs)
    pending.callback()
  }
}

/** One process's view of a `VirtualTime`. */
export class VirtualWorker implements Runtime {
  readonly #time: VirtualTime
  #state: number
  /** False: its timers never fire again. */
  isAlive = true
  /** True: its timers wait (SIGSTOP). */
  isFrozen = false
  /** How far its wall clock is off. */
  wallOffsetMs = 0
  /** How long its monotonic clock has stood still. */
  monotonicLagMs = 0

  constructor(time: VirtualTime, seed: number) {
    this.#time = time
    this.#state = seed
  }

  wallMs(): number {
    return this.#time.originMs + this.#time.elapsedMs + this.wallOffsetMs
  }

  monotonicMs(): number {
    return this.#time.elapsedMs - this.monotonicLagMs
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#time.setTimer(this, delayMs, callback)
  }

  endOfTurn(callback: () => void): void {
    this.#time.endOfTurn(this, callback)
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256))
  }

  /** Mulberry32: the same seed gives the same numbers. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
