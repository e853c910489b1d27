import type { Machine } from './machine.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** What the network does to one exchange. All of it is optional; nothing given, nothing goes wrong. */
export interface Mishap {
  /** The request never arrives. */
  readonly losesRequest?: boolean
  /** It arrives and its answer does not. */
  readonly losesReply?: boolean
  /** It arrives so much later; the sender does not wait for it unless it must. */
  readonly requestLateMs?: number
  readonly replyLateMs?: number
  /** It arrives once more so much later, and that answer goes nowhere. */
  readonly againMs?: number
  /** The sender is told, by a broken connection, as soon as something is lost or late; else it hears nothing. */
  readonly isTold?: boolean
}

export interface Exchange<A> {
  readonly machine: Machine
  /** `claim`, `effect` …, for the trace. */
  readonly what: string
  readonly to: 'store' | 'peer'
  readonly mishap: Mishap | undefined
  /** At the other end; what it rejects with is the answer, too. */
  readonly arrive: (isFirst: boolean) => Promise<A>
  /** What the sender is told when the connection breaks. */
  readonly broken: () => Error
  readonly show?: (answer: A) => string
}

/** What is to happen at a worker's nth message. */
export type PointHook = (machine: Machine, nth: number, phase: 'before' | 'sent' | 'receive') => void

interface LinkOptions {
  readonly scheduler: Scheduler
  readonly trace: Trace
  /** Milliseconds on the way, drawn for each message. */
  readonly latencyMs: () => number
  readonly onPoint: PointHook
}

/** Every message between workers, the store and the targets of effects goes through here. */
export class Link {
  readonly #options: LinkOptions
  readonly #points = new Map<number, number>()
  #underWay = 0

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** No request is on its way, or being worked. */
  get isQuiet(): boolean {
    return this.#underWay === 0
  }

  /** Sends a request. The promise never settles where the sender dies, or is told nothing. */
  send<A>(exchange: Exchange<A>): Promise<A> {
    const { machine, what, to } = exchange
    const { scheduler, trace, latencyMs, onPoint } = this.#options
    return new Promise((resolve, reject) => {
      const nth = this.#point(machine)
      onPoint(machine, nth, 'before')
      if (!machine.isAlive) return
      trace.add(scheduler.nowMs, machine.name, `→ ${to} ${what}${mishapText(exchange.mishap)}`)
      const mishap = exchange.mishap ?? {}
      let isOver = false
      const answer = (afterMs: number, text: string, settle: () => void): void => {
        scheduler.after(afterMs, machine, () => {
          if (isOver) return false
          const at = this.#point(machine)
          onPoint(machine, at, 'receive')
          if (!machine.isAlive) return false
          if (machine.stoppedUntilMs > scheduler.nowMs) {
            answer(0, text, settle)
            return false
          }
          isOver = true
          trace.add(scheduler.nowMs, machine.name, `← ${to} ${what}: ${text}`)
          settle()
          return true
        })
      }
      const breakOff = (afterMs: number): void => {
        const error = exchange.broken()
        answer(afterMs, error.message, () => reject(error))
      }
      const arrive = (isFirst: boolean): boolean => {
        exchange.arrive(isFirst).then(
          (value) => {
            this.#underWay -= 1
            if (!isFirst || mishap.losesReply === true) return
            answer(latencyMs() + (mishap.replyLateMs ?? 0), exchange.show?.(value) ?? 'ok', () =>
              resolve(value),
            )
          },
          (error: Error) => {
            this.#underWay -= 1
            if (!isFirst || mishap.losesReply === true) return
            answer(latencyMs() + (mishap.replyLateMs ?? 0), error.message, () => reject(error))
          },
        )
        return true
      }
      const onTheWayMs = latencyMs()
      if (mishap.losesRequest !== true) {
        this.#underWay += 1
        scheduler.after(onTheWayMs + (mishap.requestLateMs ?? 0), undefined, () => arrive(true))
      }
      if (mishap.againMs !== undefined) {
        this.#underWay += 1
        scheduler.after(onTheWayMs + mishap.againMs, undefined, () => arrive(false))
      }
      if (mishap.isTold === true) breakOff(onTheWayMs + latencyMs())
      onPoint(machine, nth, 'sent')
    })
  }

  #point(machine: Machine): number {
    const nth = (this.#points.get(machine.slot) ?? 0) + 1
    this.#points.set(machine.slot, nth)
    return nth
  }
}

function mishapText(mishap: Mishap | undefined): string {
  if (mishap === undefined) return ''
  const parts = Object.entries(mishap).map(([name, value]) => (value === true ? name : `${name} ${value}`))
  return ` (${parts.join(', ')})`
}
