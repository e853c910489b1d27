/** Something that will happen at a moment of virtual time. */
export interface Happening {
  dueMs: number
  /** Drawn from the seed: among what is due at the same moment, chance decides. */
  readonly tie: number
  /** True when promises may have been settled, so that microtasks must run before anything else happens. */
  readonly happen: () => boolean
  /** Whose event it is: a stopped process's waits, a dead one's never comes. `undefined`: the world's own. */
  readonly actor: Actor | undefined
  isCancelled: boolean
}

/** A process, as the scheduler sees it. */
export interface Actor {
  readonly isAlive: boolean
  /** Stopped until then; 0 where it runs. */
  readonly stoppedUntilMs: number
}

/**
 * Virtual time: picks the next event by its moment, and by chance among those that are due at the same one. Between two
 * events every microtask runs that can, so that the order of promises inside of a process is Node's own.
 */
export class Scheduler {
  #nowMs = 0
  readonly #heap: Happening[] = []
  readonly #turnEnds: { readonly actor: Actor; readonly callback: () => void }[] = []
  readonly #chance: () => number
  events = 0

  constructor(chance: () => number) {
    this.#chance = chance
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Calls `happen` after `delayMs`, for `actor` if it can. */
  after(delayMs: number, actor: Actor | undefined, happen: () => boolean): Happening {
    const dueMs = this.#nowMs + Math.max(Math.ceil(delayMs), 0)
    const happening: Happening = { dueMs, tie: this.#chance(), happen, actor, isCancelled: false }
    this.#push(happening)
    return happening
  }

  endOfTurn(actor: Actor, callback: () => void): void {
    this.#turnEnds.push({ actor, callback })
  }

  /** Lets things happen until `isDone`, or until `untilMs`; true when it was done. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    await this.#quiet()
    while (!isDone()) {
      const next = this.#pop(untilMs)
      if (next === undefined) {
        this.#nowMs = Math.max(this.#nowMs, Math.min(untilMs, Number.MAX_SAFE_INTEGER))
        return false
      }
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.events += 1
      if (next.happen()) await this.#quiet()
    }
    return true
  }

  async #quiet(): Promise<void> {
    await microtasks()
    while (this.#turnEnds.length > 0) {
      for (const { actor, callback } of this.#turnEnds.splice(0)) if (actor.isAlive) callback()
      await microtasks()
    }
  }

  /** The next event of a process that is alive and runs. What falls into a standstill is put off to its end. */
  #pop(untilMs: number): Happening | undefined {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.dueMs > untilMs) return undefined
      this.#shift()
      if (next.isCancelled || next.actor?.isAlive === false) continue
      const resumesMs = next.actor?.stoppedUntilMs ?? 0
      if (resumesMs <= next.dueMs) return next
      next.dueMs = resumesMs
      this.#push(next)
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(happening)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Happening
      if (isBefore(parent, happening)) break
      heap[at] = parent
      at = above
    }
    heap[at] = happening
  }

  #shift(): void {
    const heap = this.#heap
    const last = heap.pop() as Happening
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, heap[below] as Happening)) below += 1
      const child = heap[below] as Happening
      if (isBefore(last, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.dueMs === b.dueMs ? a.tie < b.tie : a.dueMs < b.dueMs
}

/**
 * Resolves when no microtask is left: Node takes up what `nextTick` left only when the queue of microtasks is empty, and
 * then no turn of the event loop has been spent. Asked for from a microtask, as every `await` is.
 */
function microtasks(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
