import { OncewardError } from '../kernel/errors.ts'
import { fullJitterMs, type Runtime } from '../kernel/runtime.ts'
import { isStoreFault, type Reply, StoreFault } from './store.ts'

/** How one lane sends its batches. */
export interface LaneOptions<Q, R> {
  readonly name: string
  readonly runtime: Runtime
  readonly maxBatch: number
  /** What a batch may hold only once. */
  readonly refOf: (request: Q) => string
  readonly send: (requests: readonly Q[]) => Promise<Reply<R>>
  /** True once the store has been closed by us: then nothing is tried again. */
  readonly isClosed: () => boolean
  /** True where a request that nobody waits for any more must not be sent: a claim, whose caller has been told so. */
  readonly dropsLate?: boolean
  /** Tells of each fault: for events. */
  readonly onFault: (fault: StoreFault, retried: boolean) => void
}

export interface Answer<R> {
  readonly result: R
  /** The store's clock when the batch was worked. */
  readonly nowMs: number
}

interface Waiting<Q, R> {
  readonly request: Q
  readonly deadlineMs: number
  readonly resolve: (answer: Answer<R>) => void
  readonly reject: (error: unknown) => void
}

const retryBounds = { baseMs: 5, capMs: 250 }

/**
 * Group commit: gathers what arrives while a batch is in flight and sends it as one. No timers on the way: an idle
 * store is asked at the end of the current turn, so a lone request is a batch of one.
 *
 * Faults are handled here once, for every store: conflicts are tried again in halves, lost acknowledgements are tried
 * again whole (owner tokens and digests make the requests recognisable), rejected batches are cut down to singles,
 * so that one bad row never fails its neighbours. All of it ends at each request's deadline.
 */
export class Lane<Q, R> {
  readonly #options: LaneOptions<Q, R>
  #queue: Waiting<Q, R>[] = []
  #isBusy = false

  constructor(options: LaneOptions<Q, R>) {
    this.#options = options
  }

  /** Adds one request. Rejects with `STORE_UNAVAILABLE` once `timeoutMs` has gone without an answer. */
  ask(request: Q, timeoutMs: number): Promise<Answer<R>> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        request,
        deadlineMs: this.#options.runtime.monotonicMs() + timeoutMs,
        resolve,
        reject,
      })
      if (this.#isBusy) return
      this.#isBusy = true
      queueMicrotask(() => void this.#drain())
    })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#options.dropsLate === true) this.#dropLate()
      if (this.#queue.length > 0) await this.#work(this.#takeBatch(), 0)
    }
    this.#isBusy = false
  }

  /** What waited in the queue until its time was over, while the process stood still, say. */
  #dropLate(): void {
    const nowMs = this.#options.runtime.monotonicMs()
    const late = this.#queue.filter((waiting) => waiting.deadlineMs <= nowMs)
    if (late.length === 0) return
    this.#queue = this.#queue.filter((waiting) => waiting.deadlineMs > nowMs)
    this.#fail(late, new StoreFault('unavailable', 'it could not be sent in time'))
  }

  #takeBatch(): Waiting<Q, R>[] {
    const { maxBatch, refOf } = this.#options
    // More than one batch holds is shared out evenly: a full one and a remainder would take turns.
    const size = Math.ceil(this.#queue.length / Math.ceil(this.#queue.length / maxBatch))
    const batch: Waiting<Q, R>[] = []
    const later: Waiting<Q, R>[] = []
    const refs = new Set<string>()
    for (const [index, waiting] of this.#queue.entries()) {
      if (batch.length >= size) {
        later.push(...this.#queue.slice(index))
        break
      }
      const ref = refOf(waiting.request)
      const list = refs.has(ref) ? later : batch
      refs.add(ref)
      list.push(waiting)
    }
    this.#queue = later
    return batch
  }

  async #work(batch: readonly Waiting<Q, R>[], tries: number): Promise<void> {
    const outcome = await this.#send(batch)
    if ('reply' in outcome) {
      const { nowMs, results } = outcome.reply
      for (const [index, waiting] of batch.entries()) waiting.resolve({ result: results[index] as R, nowMs })
      return
    }
    const { error } = outcome
    if (!isStoreFault(error)) return this.#fail(batch, error)
    switch (error.kind) {
      case 'incompatible':
        return this.#fail(batch, error)
      case 'rejected':
        if (batch.length === 1) return this.#fail(batch, error)
        this.#options.onFault(error, true)
        return this.#halves(batch, 0)
      default:
        return this.#again(batch, error, tries)
    }
  }

  async #send(batch: readonly Waiting<Q, R>[]): Promise<{ reply: Reply<R> } | { error: unknown }> {
    const { runtime, send } = this.#options
    const patienceMs = Math.max(...batch.map((waiting) => waiting.deadlineMs)) - runtime.monotonicMs()
    return new Promise((resolve) => {
      // A store that never answers must not hang its callers. What it may still do is recognised like any lost reply.
      const timer = runtime.setTimer(Math.max(patienceMs, 1), () => {
        resolve({ error: new StoreFault('lost', 'no answer in time') })
      })
      const end = (outcome: { reply: Reply<R> } | { error: unknown }): void => {
        timer.cancel()
        resolve(outcome)
      }
      try {
        send(batch.map((waiting) => waiting.request)).then(
          (reply) => end({ reply }),
          (error: unknown) => end({ error }),
        )
      } catch (error) {
        end({ error })
      }
    })
  }

  async #again(batch: readonly Waiting<Q, R>[], fault: StoreFault, tries: number): Promise<void> {
    const { runtime, onFault, isClosed } = this.#options
    if (isClosed()) return this.#fail(batch, fault)
    const pauseMs = fullJitterMs(runtime, tries, retryBounds)
    const resumeMs = runtime.monotonicMs() + pauseMs
    const late = batch.filter((waiting) => waiting.deadlineMs <= resumeMs)
    const left = batch.filter((waiting) => waiting.deadlineMs > resumeMs)
    if (late.length > 0) {
      onFault(fault, false)
      this.#fail(late, fault)
    }
    if (left.length === 0) return
    onFault(fault, true)
    const paused = new Promise<void>((resolve) => void runtime.setTimer(pauseMs, resolve))
    if (fault.kind === 'conflict' && left.length === 1) {
      // One row that stays locked keeps nobody waiting: it goes on beside the lane.
      void paused.then(() => this.#work(left, tries + 1))
      return
    }
    await paused
    if (fault.kind === 'conflict') return this.#halves(left, tries + 1)
    return this.#work(left, tries + 1)
  }

  async #halves(batch: readonly Waiting<Q, R>[], tries: number): Promise<void> {
    const middle = Math.ceil(batch.length / 2)
    await this.#work(batch.slice(0, middle), tries)
    await this.#work(batch.slice(middle), tries)
  }

  #fail(batch: readonly Waiting<Q, R>[], error: unknown): void {
    for (const waiting of batch) waiting.reject(asOncewardError(error, this.#options.name))
  }
}

/** What callers see of a fault. */
export function asOncewardError(error: unknown, doing: string): unknown {
  if (!isStoreFault(error)) return error
  const details = { fault: error.kind }
  if (error.kind === 'incompatible')
    return new OncewardError('STORE_INCOMPATIBLE', error.message, { details, cause: error })
  if (error.kind === 'rejected') {
    return new OncewardError('STORE_REJECTED', `The store refused a ${doing}: ${error.message}`, {
      details,
      cause: error,
    })
  }
  return new OncewardError('STORE_UNAVAILABLE', `The store did not take a ${doing}: ${error.message}`, {
    details,
    cause: error,
  })
}

/** Rejects with the fault `lost` once `timeoutMs` has gone without an answer. */
export function withinTime<T>(
  work: Promise<T>,
  { runtime, timeoutMs }: { readonly runtime: Runtime; readonly timeoutMs: number },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = runtime.setTimer(timeoutMs, () => reject(new StoreFault('lost', 'no answer in time')))
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}

/**
 * One call beside the lanes, for what is no batch. Rejects as they do: with `STORE_UNAVAILABLE` once `timeoutMs` has
 * gone without an answer, and with a coded error for each fault.
 */
export function answerInTime<T>(
  work: Promise<T>,
  options: { readonly runtime: Runtime; readonly timeoutMs: number; readonly doing: string },
): Promise<T> {
  return withinTime(work, options).catch((error: unknown) => {
    throw asOncewardError(error, options.doing)
  })
}
