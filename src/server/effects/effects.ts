import { type ErrorCode, isOncewardError } from '../../kernel/errors.ts'
import type { Runtime } from '../../kernel/runtime.ts'
import type { EntryState } from '../../ledger/entry.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { Receipt } from '../../ledger/receipt.ts'
import type { Store } from '../../ledger/store.ts'
import { pause } from '../pause.ts'
import { Problem } from '../problems.ts'
import { Agenda, type Appointment, type Found } from './agenda.ts'
import { EffectSender, type SenderOptions } from './sender.ts'
import { nextTurn } from './turn.ts'
import { dueMsOf, type NamedWish, scheduledReceipt, usualDelaysMs } from './wish.ts'

export interface EffectsOptions extends SenderOptions {
  readonly once: Onceward
  readonly store: Store
  readonly runtime: Runtime
  /** How many are performed at once; what is more waits for its turn. */
  readonly atOnce: number
  readonly onError: (error: unknown) => void
}

/** Ended with a receipt, or to be looked for at its ref. */
export interface EffectAnswer {
  readonly isEnded: boolean
  readonly receipt: Readonly<Record<string, unknown>>
}

/** What a try came to. */
interface Passed extends EffectAnswer {
  readonly next?: Appointment
}

/** After these a try may do better. */
const laterCodes: readonly ErrorCode[] = ['IN_PROGRESS', 'RECALL_PENDING', 'STORE_UNAVAILABLE']
/** When work that somebody else is at is looked at again. */
const othersMs = 2000
/** For the outcome to be recorded, once it is there. */
const lateMs = 100
const pollMs = 500
const dueAtOnce = 50
/** Beyond the time of a send: for the ledger's part. */
const leaseMarginMs = 60_000
const usualWaitMs = 10_000

/** HTTP effects of one scope that the server performs: at once, at their time, and again where that is safe. */
export class Effects {
  readonly #options: EffectsOptions
  readonly #agenda: Agenda
  readonly #sender: EffectSender
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<unknown>>()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: EffectsOptions) {
    this.#options = options
    this.#agenda = new Agenda(options.store, options.once.scope, options.runtime)
    this.#sender = new EffectSender(options.once, options)
  }

  start(): void {
    this.#loop = this.#work()
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort()
    await this.#loop
    await this.#sender.close(graceMs)
    await Promise.allSettled(this.#running)
  }

  /** Throws a problem for a target that is not allowed, and `KEY_REUSED` for another wish under the same key. */
  async wish(named: NamedWish, by: string): Promise<EffectAnswer> {
    this.#sender.targetOf(named)
    await nextTurn()
    const known = await this.#agenda.find(named.ref)
    if (known !== undefined) return this.#known(known, named)
    const nowMs = this.#options.runtime.wallMs()
    const first = { named, passes: 0, leasedUntilMs: 0, by }
    const dueMs = dueMsOf(named.wish)
    if (dueMs > nowMs && !(await this.#hasBegun(named.ref))) return this.#schedule({ ...first, dueMs })
    if (this.#running.size >= this.#options.atOnce) return this.#schedule({ ...first, dueMs: nowMs })
    return this.#now({ ...first, dueMs: nowMs })
  }

  #known({ appointment }: Found, named: NamedWish): Promise<EffectAnswer> {
    if (appointment.named.digest !== named.digest)
      throw new Problem('conflict', 'The key is scheduled with another target or body.', {
        ref: named.ref,
        more: { code: 'KEY_REUSED' satisfies ErrorCode },
      })
    return this.look(named.ref)
  }

  /** What has begun is answered by the ledger, whenever it was to be due. */
  async #hasBegun(ref: string): Promise<boolean> {
    const receipt = await this.#options.once.lookup(ref)
    return receipt !== undefined && receipt.state !== 'released'
  }

  async #schedule(appointment: Appointment): Promise<EffectAnswer> {
    if (await this.#agenda.add(appointment))
      return { isEnded: false, receipt: scheduledReceipt(appointment.named, appointment) }
    // Somebody else was faster.
    const known = await this.#agenda.find(appointment.named.ref)
    if (known !== undefined) return this.#known(known, appointment.named)
    return this.#schedule(appointment)
  }

  /** One try, as long as the caller waits. Before it is sent away there is an appointment: another server can go on. */
  async #now(first: Appointment): Promise<EffectAnswer> {
    const { named } = first
    const { runtime } = this.#options
    const waitMs = named.wish.waitMs ?? usualWaitMs
    const pass = this.#track(this.#next(first, this.#sender.perform(named, waitMs)))
    const ended = await new Promise<Passed | 'late'>((resolve, reject) => {
      const timer = runtime.setTimer(waitMs + lateMs, () => resolve('late'))
      pass.then(resolve, reject).finally(() => timer.cancel())
    })
    if (ended !== 'late') return ended.next === undefined ? ended : this.#schedule(ended.next)
    const leasedUntilMs = runtime.wallMs() + leaseOf(named)
    await this.#schedule({ ...first, leasedUntilMs })
    this.#behind(pass.then(({ next }) => this.#settle(named.ref, next)))
    return this.look(named.ref)
  }

  /** What a try came to: an end, or the next appointment. Misuse is thrown; nothing comes of trying it again. */
  async #next(appointment: Appointment, pass: Promise<Receipt>): Promise<Passed> {
    const { runtime } = this.#options
    const at = (delayMs: number, more: Partial<Appointment>): Appointment => ({
      ...appointment,
      dueMs: runtime.wallMs() + delayMs,
      leasedUntilMs: 0,
      ...more,
    })
    try {
      const receipt = await pass
      const { error, state } = receipt
      const ended: Passed = { isEnded: true, receipt: { ...receipt } }
      if (isEnded(state)) return ended
      // Somebody else is at it: no try of this one's.
      if (error?.code === 'IN_PROGRESS') return { ...ended, next: at(othersMs, {}) }
      const { retries } = appointment.named.wish
      const delayMs = (retries?.delaysMs ?? usualDelaysMs)[appointment.passes]
      if (delayMs === undefined) return ended
      const passes = appointment.passes + 1
      return { ...ended, next: at(delayMs, { passes, ...(error === undefined ? {} : { error }) }) }
    } catch (error) {
      if (!isOncewardError(error) || !laterCodes.includes(error.code)) throw error
      const { code, message } = error
      return { isEnded: false, receipt: {}, next: at(othersMs, { error: { code, message } }) }
    }
  }

  async #settle(ref: string, next: Appointment | undefined): Promise<void> {
    const found = await this.#agenda.find(ref)
    if (found === undefined) return
    if (next === undefined) await this.#agenda.remove(found.appointment)
    else await this.#agenda.change(found, next)
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work)
    const done = (): void => void this.#running.delete(work)
    work.then(done, done)
    return work
  }

  /** Nobody waits for it. */
  #behind(work: Promise<unknown>): void {
    this.#track(work).catch(this.#options.onError)
  }

  async #work(): Promise<void> {
    const { runtime, onError, atOnce } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await pause(runtime, pollMs * (0.75 + runtime.random() / 2), signal)
      const room = Math.min(dueAtOnce, atOnce - this.#running.size)
      if (signal.aborted || room <= 0) continue
      try {
        for (const found of await this.#agenda.due(room)) this.#behind(this.#keep(found))
      } catch (error) {
        onError(error)
      }
    }
  }

  /** Keeps one appointment, if no other server does. */
  async #keep(found: Found): Promise<void> {
    const { appointment } = found
    const { named } = appointment
    const leasedUntilMs = this.#options.runtime.wallMs() + leaseOf(named)
    if (!(await this.#agenda.change(found, { ...appointment, leasedUntilMs }))) return
    try {
      const { next } = await this.#next(appointment, this.#sender.perform(named, 0))
      await this.#settle(named.ref, next)
    } catch (error) {
      // Misuse: another input under this key, a key that is no key. It will not do better later.
      this.#options.onError(error)
      await this.#settle(named.ref, undefined)
    }
  }

  /** What became of it. Throws a problem where there is nothing of that name. */
  async look(ref: string): Promise<EffectAnswer> {
    const [receipt, found] = await Promise.all([this.#options.once.lookup(ref), this.#agenda.find(ref)])
    if (receipt !== undefined && (found === undefined || isEnded(receipt.state)))
      return { isEnded: true, receipt: { ...receipt } }
    if (found === undefined)
      throw new Problem('not-found', `There is no effect ${ref} in a scope that you may see.`)
    const { appointment } = found
    if (receipt !== undefined && receipt.state !== 'released' && appointment.leasedUntilMs > 0)
      return { isEnded: false, receipt: { ...receipt } }
    return { isEnded: false, receipt: scheduledReceipt(appointment.named, appointment) }
  }

  /** Takes it off the agenda, if nobody is at it. What has been sent already stays sent. */
  async cancel(ref: string): Promise<Appointment> {
    const found = await this.#agenda.find(ref)
    if (found === undefined) throw new Problem('not-found', `There is no scheduled effect ${ref} here.`)
    const { appointment } = found
    const nowMs = this.#options.runtime.wallMs()
    // A lease of one's own, so that no server begins meanwhile.
    const isOurs =
      appointment.leasedUntilMs <= nowMs &&
      (await this.#agenda.change(found, { ...appointment, leasedUntilMs: nowMs + leaseMarginMs }))
    if (!isOurs) throw new Problem('conflict', 'It is being performed just now.', { ref })
    await this.#agenda.remove(appointment)
    return appointment
  }

  /** What is to be done, the next first. */
  async scheduled(query: { readonly after?: string | undefined; readonly limit: number }): Promise<{
    readonly effects: readonly Readonly<Record<string, unknown>>[]
    readonly next?: string
  }> {
    const { found, next } = await this.#agenda.list(query)
    return {
      effects: found.map(({ appointment }) => scheduledReceipt(appointment.named, appointment)),
      ...(next === undefined ? {} : { next }),
    }
  }
}

function leaseOf({ wish }: NamedWish): number {
  return (wish.timeoutMs ?? 30_000) + leaseMarginMs
}

const ends: readonly (EntryState | 'scheduled')[] = ['succeeded', 'failed', 'in_doubt', 'tombstone']

function isEnded(state: Receipt['state']): boolean {
  return ends.includes(state)
}
