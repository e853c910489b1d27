import type { OncewardError } from '../kernel/errors.ts'
import type { Entry } from './entry.ts'
import type { FrozenIdentity } from './intent.ts'
import type { Outcome } from './outcome.ts'

/** A call in this process that is at work on an entry. Others for the same entry wait for it, in memory. */
export interface Leader {
  readonly identity: FrozenIdentity
  /** The entry, once it owns it: then its identity is known to be the entry's. */
  entry: Entry | undefined
  followers: number
  readonly onEnd: ((outcome: Outcome | undefined) => void)[]
  /** Called once it owns the entry. Where it never does, `onEnd` tells. */
  readonly onOwned: (() => void)[]
  /** Tells the effect to stop; used by `close`. */
  abort?: (reason: OncewardError) => void
}

/** The calls at work in this process, by ref: at most one leader an entry. */
export class Running {
  // No Map: the tables that it leaves behind keep ended calls alive, and much that hangs on them.
  readonly #leaders: Record<string, Leader> = Object.create(null) as Record<string, Leader>
  #leading = 0
  readonly #onIdle: (() => void)[] = []
  #late = 0
  /** No new work is taken. */
  isClosed = false
  /** The store is closed as well. */
  isOver = false

  get size(): number {
    return this.#leading + this.#late
  }

  get(ref: string): Leader | undefined {
    return this.#leaders[ref]
  }

  lead(identity: FrozenIdentity): Leader {
    const leader: Leader = { identity, entry: undefined, followers: 0, onEnd: [], onOwned: [] }
    this.#leaders[identity.ref] = leader
    this.#leading += 1
    return leader
  }

  /** Wakes all who wait. `outcome` is undefined where there is nothing to share and they must look for themselves. */
  end(leader: Leader, outcome: Outcome | undefined): void {
    delete this.#leaders[leader.identity.ref]
    this.#leading -= 1
    for (const wake of leader.onEnd) wake(outcome)
    this.#wakeIfIdle()
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Work that goes on when its caller has been answered; `idle` waits for it. */
  outlive(work: Promise<unknown>): void {
    this.#late += 1
    const done = (): void => {
      this.#late -= 1
      this.#wakeIfIdle()
    }
    work.then(done, done)
  }

  #wakeIfIdle(): void {
    if (this.size === 0) for (const wake of this.#onIdle.splice(0)) wake()
  }

  abortAll(reason: OncewardError): void {
    for (const leader of Object.values(this.#leaders)) leader.abort?.(reason)
  }
}
