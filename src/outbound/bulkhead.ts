/** At most so many logical calls at once, and so many more waiting for their turn, first come, first served. */
export class Bulkhead {
  readonly #calls: number
  readonly #queue: number
  readonly #waiters = new Set<() => void>()
  #running = 0

  constructor({ calls, queue }: { readonly calls: number; readonly queue: number }) {
    this.#calls = calls
    this.#queue = queue
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * `begin` is called now (true), when a place is free (a function that gives up waiting), or never (false). Whoever was
   * let in calls `leave` once.
   */
  enter(begin: () => void): true | false | (() => void) {
    if (this.#running < this.#calls) {
      this.#running += 1
      begin()
      return true
    }
    if (this.#waiters.size >= this.#queue) return false
    this.#waiters.add(begin)
    return () => this.#waiters.delete(begin)
  }

  leave(): void {
    const [next] = this.#waiters
    if (next === undefined) {
      this.#running -= 1
      return
    }
    this.#waiters.delete(next)
    next()
  }
}
