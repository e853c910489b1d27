import { DefiniteFailure } from '../kernel/errors.ts'
import type { SafetyKind, VerifyAnswer } from '../ledger/safety.ts'
import type { Link, Mishap } from './link.ts'
import type { Machine } from './machine.ts'
import { type PeerFaultKind, times } from './plan.ts'
import type { Scheduler } from './scheduler.ts'

/** One effect in the target's own journal: what all counting goes by. */
export interface JournalRow {
  /** What was to be done once: an entry, or a step of one. */
  readonly unit: string
  readonly id: string
  readonly input: number
  readonly effectKey: string
  readonly atMs: number
}

/** What a target answers, and what an effect gives to its caller. */
export interface Done {
  readonly effect: string
  readonly input: number
}

export interface PeerRequest {
  readonly unit: string
  readonly input: number
  readonly effectKey: string
  readonly safety: SafetyKind
}

/** A fault of the plan that a request meets. */
export interface PeerMishap {
  readonly what: PeerFaultKind
  readonly byMs: number
  readonly isSilent: boolean
}

interface PeerOptions {
  readonly scheduler: Scheduler
  readonly link: Link
  readonly onEffect: (row: JournalRow) => void
}

/** How an effect hears of what went wrong on the way: an error with a code, as sockets give it. */
class WireError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

const workMs = 5

interface KnownKey {
  readonly sinceMs: number
  /** Absent while the first request is worked. */
  done?: Done
}

/**
 * The target of all effects of a run. A keyed one knows a key for `keyLifetimeMs` from its first request on, and has
 * then forgotten it; a verifiable one can be asked; a blind one does whatever it is sent.
 */
export class Peer {
  readonly #options: PeerOptions
  readonly journal: JournalRow[] = []
  readonly #keys = new Map<string, KnownKey>()

  constructor(options: PeerOptions) {
    this.#options = options
  }

  effectsOf(unit: string): readonly JournalRow[] {
    return this.journal.filter((row) => row.unit === unit)
  }

  /** One request of an effect, with all that may go wrong on its way. */
  async request(machine: Machine, request: PeerRequest, fault: PeerMishap | undefined): Promise<Done> {
    const { link } = this.#options
    const what = fault?.what
    if (what === 'unreachable') throw new WireError('ECONNREFUSED')
    const answer = link.send<Done>({
      machine,
      to: 'peer',
      what: `do ${request.unit}${what === undefined ? '' : ` (${what})`}`,
      mishap: mishapFrom(fault, request),
      arrive: () => (what === 'says-no' ? refuse() : this.#work(request, workMsOf(fault))),
      broken: () => new WireError('ECONNRESET'),
      show: (done) => done.effect,
    })
    const done = await within(machine, answer)
    // The effect makes another call, which is refused; the first one has been carried out.
    if (what === 'second-call-refused') throw new WireError('ECONNREFUSED')
    return done
  }

  /** Did it happen? */
  ask(machine: Machine, unit: string, fault: PeerMishap | undefined): Promise<VerifyAnswer> {
    const { link } = this.#options
    return link.send<VerifyAnswer>({
      machine,
      to: 'peer',
      what: `did ${unit} happen`,
      mishap: undefined,
      arrive: () => {
        if (fault?.what === 'cannot-tell') return Promise.resolve({ happened: 'unknown' })
        const [row] = this.effectsOf(unit)
        if (row === undefined) return Promise.resolve({ happened: false })
        return Promise.resolve({ happened: true, value: doneOf(row) })
      },
      broken: () => new WireError('ECONNRESET'),
      show: ({ happened }) => String(happened),
    })
  }

  /** A person does what was left undone. */
  byHand(unit: string, input: number): JournalRow {
    this.#do({ unit, input, effectKey: 'by hand', safety: 'blind' })
    return this.journal.at(-1) as JournalRow
  }

  async #work(request: PeerRequest, forMs: number): Promise<Done> {
    if (request.safety !== 'keyed') {
      await this.#pass(forMs)
      return this.#do(request)
    }
    const nowMs = this.#options.scheduler.nowMs
    const known = this.#keys.get(request.effectKey)
    if (known !== undefined && nowMs < known.sinceMs + times.keyLifetimeMs) {
      if (known.done === undefined) throw new WireError('key_in_use')
      if (known.done.input !== request.input) throw new WireError('key_reused')
      return known.done
    }
    const fresh: KnownKey = { sinceMs: nowMs }
    this.#keys.set(request.effectKey, fresh)
    await this.#pass(forMs)
    fresh.done = this.#do(request)
    return fresh.done
  }

  #do({ unit, input, effectKey }: PeerRequest): Done {
    const row = {
      unit,
      id: `e${this.journal.length + 1}`,
      input,
      effectKey,
      atMs: this.#options.scheduler.nowMs,
    }
    this.journal.push(row)
    this.#options.onEffect(row)
    return doneOf(row)
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.scheduler.after(ms, undefined, () => {
        resolve()
        return true
      })
    })
  }
}

/** What an effect gives to its caller. */
export function doneOf(row: Pick<JournalRow, 'id' | 'input'>): Done {
  return { effect: row.id, input: row.input }
}

/** A request that is worked for long is under way for as long. */
function workMsOf(fault: PeerMishap | undefined): number {
  return fault?.what === 'slow-work' ? Math.min(fault.byMs, times.requestLifeMs) : workMs
}

function refuse(): Promise<never> {
  return Promise.reject(new DefiniteFailure('the target says no', { code: 'SAYS_NO' }))
}

/** No request is under way for longer than its life, or the target's promise of `settleMs` would not hold. */
function mishapFrom(fault: PeerMishap | undefined, { safety }: PeerRequest): Mishap | undefined {
  if (fault === undefined) return undefined
  const isTold = !fault.isSilent
  const lateMs = Math.min(fault.byMs, times.requestLifeMs)
  switch (fault.what) {
    case 'lost-request':
      return { losesRequest: true, isTold }
    case 'lost-reply':
      return { losesReply: true, isTold }
    case 'late-request':
      return { requestLateMs: lateMs, isTold }
    case 'late-reply':
      return { replyLateMs: fault.byMs }
    case 'slow-work':
      return { isTold }
    case 'twice':
      // A network that repeats what is sent to a target that does not deduplicate is beyond any ledger.
      return safety === 'keyed' ? { againMs: lateMs } : undefined
    default:
      return undefined
  }
}

/** The answer, unless it takes too long. */
function within<T>(machine: Machine, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = machine.setTimer(times.answerTimeoutMs, () => reject(new WireError('ETIMEDOUT')))
    const end = (settle: () => void): void => {
      timer.cancel()
      settle()
    }
    answer.then(
      (value) => end(() => resolve(value)),
      (error: Error) => end(() => reject(error)),
    )
  })
}
