import type { Placed } from '../kernel/bag.ts'
import { type ErrorCode, messageOf, OncewardError, readThrown } from '../kernel/errors.ts'
import { fullJitterMs, type Timer } from '../kernel/runtime.ts'
import { timestamp } from '../kernel/time.ts'
import type { Permit } from './breaker.ts'
import type { ClientCore } from './core.ts'
import { isVague, type Meaning } from './decisions.ts'
import { OutboundError, type SendOutcome } from './errors.ts'
import { ClientResponse } from './message.ts'
import type { PreparedCall } from './prepare.ts'
import { AnswerTooLarge, type ReceivedAnswer, Send, type SendEnd } from './send.ts'

/** A call that came to an answer. */
export interface Answered {
  readonly response: ClientResponse
  readonly meaning: Meaning
  readonly hasUnknown: boolean
}

/** What a call came to so far, where it has to be given up: its last answer, or how its last send failed. */
type Last =
  | { readonly kind: 'answered'; readonly answer: ReceivedAnswer; readonly meaning: Meaning }
  | { readonly kind: 'failed'; readonly error: unknown; readonly code?: ErrorCode }

/** One logical call: its attempts, the waits between them, and what is known of all of them together. */
export class LogicalCall implements Placed {
  place = -1
  readonly #core: ClientCore
  readonly #call: PreparedCall
  readonly #deadlineAtMs: number
  readonly #sends: Send[] = []
  #attempts = 0
  /** The last attempt was sent twice. */
  #isHedged = false
  #firstSend: { readonly monotonicMs: number; readonly wallMs: number } | undefined
  /** Of sends before the last. */
  #hasCut = false
  #hasVague = false
  /** What the attempt before came to, while another is waited for or under way. */
  #before: Last | undefined
  #timer: Timer | undefined
  #isOver = false
  #resolve: (answered: Answered) => void = () => undefined
  #reject: (error: Error) => void = () => undefined

  constructor(core: ClientCore, call: PreparedCall) {
    this.#core = core
    this.#call = call
    this.#deadlineAtMs = core.runtime.monotonicMs() + call.deadlineMs
  }

  start(): Promise<Answered> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#core.closed !== undefined) return this.abort(this.#core.closed)
      for (const signal of this.#call.signals) {
        if (signal.aborted) return this.abort(signal.reason)
        signal.addEventListener('abort', this.#onAbort)
      }
      this.#core.calls.add(this)
      this.#core.budget.countCall()
      this.#attempt()
    })
  }

  readonly #onAbort = (event: Event): void => this.abort((event.target as AbortSignal).reason)

  #attempt(): void {
    // A timer that fires late, or a machine that slept, may have used up what the key had left.
    const before = this.#before
    const may = before === undefined ? true : this.#mayResend(0, before.kind === 'answered')
    if (before !== undefined && may !== true) return this.#giveUp(before, { why: may })
    const permit = this.#core.breaker?.enter()
    if (permit !== undefined && !('generation' in permit)) {
      const error = new Error(`the circuit to ${this.#core.options.origin} is open`)
      const retryAfterMs = Math.ceil(permit.retryAfterMs)
      const refused: Last = { kind: 'failed', error, code: 'CIRCUIT_OPEN' }
      return this.#giveUp(before?.kind === 'answered' ? before : refused, { retryAfterMs })
    }
    this.#attempts += 1
    this.#isHedged = false
    this.#send(permit)
    this.#armHedge()
  }

  #send(permit: Permit | undefined): void {
    const { runtime, options, flights } = this.#core
    const nowMs = runtime.monotonicMs()
    this.#firstSend ??= { monotonicMs: nowMs, wallMs: runtime.wallMs() }
    const timeoutMs = Math.min(options.timeoutMs, this.#deadlineAtMs - nowMs)
    const { maxAnswerBytes } = options
    const send = new Send(this.#call.sending, this, { nowMs, timeoutMs, maxAnswerBytes })
    send.permit = permit
    this.#sends.push(send)
    flights.dispatch(send)
  }

  begun(send: Send): void {
    this.#core.flights.begun(send)
  }

  ended(send: Send, end: SendEnd): void {
    const { flights, rules, options } = this.#core
    flights.ended(send, end)
    this.#core.countSend(end)
    this.#report(send, end)
    if (this.#isOver || !this.#forget(send)) return
    if (end.kind === 'answered') {
      const meaning = rules.meaningOf(end.answer, options.target, this.#call)
      // The other of two at once will have the last word, but this one may have been carried out.
      if (this.#sends.length > 0 && meaning !== 'done' && isVague(end.answer.status)) this.#hasVague = true
      this.#settle({ kind: 'answered', answer: end.answer, meaning })
      return
    }
    const { hasBegun, error } = end
    const { code } = readThrown(error)
    if (rules.sendFailure({ hasBegun, code }) === 'unknown') this.#hasCut = true
    if (!hasBegun && misuses.includes(code)) return this.#fail(misuse(this.#call.name, error))
    if (error instanceof AnswerTooLarge) {
      return this.#giveUp({ kind: 'failed', error, code: 'ANSWER_TOO_LARGE' }, { status: end.status })
    }
    this.#settle({ kind: 'failed', error })
  }

  /** False for one that is not this call's any more. */
  #forget(send: Send): boolean {
    const at = this.#sends.indexOf(send)
    if (at === -1) return false
    this.#sends.splice(at, 1)
    return true
  }

  /** A send of the attempt has ended. Of two at once, only one that is done ends the attempt before the other has. */
  #settle(last: Last): void {
    const isDone = last.kind === 'answered' && last.meaning === 'done'
    if (this.#sends.length > 0 && !isDone) return
    this.#timer?.cancel()
    if (last.kind === 'answered' && last.meaning !== 'retry') this.#giveUp(last)
    else this.#consider(last)
  }

  /** Whether and when there is another attempt. */
  #consider(last: Last): void {
    const { rules, runtime, options, budget, events } = this.#core
    const { method } = this.#call.sending
    const asked =
      last.kind === 'answered' ? rules.retryAfterMs(last.answer, options.target, runtime.wallMs()) : undefined
    const wait = rules.waitBefore({
      backoffMs: fullJitterMs(runtime, this.#attempts - 1, options.retry),
      retryAfterMs: asked,
      remainingMs: this.#deadlineAtMs - runtime.monotonicMs(),
    })
    // Whether this call could be sent again then or not: the caller is told when the target wants to be called.
    if (wait.kind === 'later' && last.kind === 'answered') return this.#later(last, wait.waitMs)
    const may = this.#mayResend(wait.kind === 'wait' ? wait.waitMs : 0, last.kind === 'answered')
    if (may !== true) return this.#giveUp(last, { why: may })
    if (this.#attempts >= options.retry.attempts) return this.#giveUp(last, { why: 'no attempts are left' })
    if (wait.kind !== 'wait') return this.#giveUp(last, { why: 'the deadline leaves no time' })
    if (!budget.take(rules, options.budget)) {
      events.emit('budget_spent', { method, ...budget.lately })
      return this.#giveUp(last, { why: 'the retry budget of the destination is spent' })
    }
    this.#schedule(last, wait.waitMs)
  }

  /** Whether it may be sent again after `waitMs`; if not, why. */
  #mayResend(waitMs: number, wasAnswered: boolean): true | string {
    const { rules, options } = this.#core
    const { isSafe, isKeyed, isStream, keyLifetimeMs } = this.#call
    return rules.mayResend({
      isSafe,
      isKeyed,
      isSpent: isStream,
      mayHaveArrived: wasAnswered || this.#hasCut || this.#hasVague,
      keyAgeMs: this.#keyAgeMs + waitMs,
      keyLifetimeMs,
      timeoutMs: options.timeoutMs,
    })
  }

  /** By the larger elapsed of both clocks: the monotonic one may stand still while a machine sleeps. */
  get #keyAgeMs(): number {
    const { runtime } = this.#core
    if (this.#firstSend === undefined) return 0
    const { monotonicMs, wallMs } = this.#firstSend
    return Math.max(runtime.monotonicMs() - monotonicMs, runtime.wallMs() - wallMs)
  }

  #schedule(last: Last, waitMs: number): void {
    const { runtime, events } = this.#core
    this.#before = last
    if (last.kind === 'answered' && isVague(last.answer.status)) this.#hasVague = true
    const after = last.kind === 'answered' ? last.answer.status : codeText(last.error)
    const { method } = this.#call.sending
    events.emit('retry_scheduled', { method, attempt: this.#attempts + 1, waitMs, after })
    // A timer may fire a fraction early; what the target asked for is not undercut by that either.
    this.#timer = runtime.setTimer(Math.ceil(waitMs) + 1, () => this.#attempt())
  }

  #armHedge(): void {
    const { options, runtime, rules } = this.#core
    const { hedgeAfterMs } = options
    if (hedgeAfterMs === undefined || this.#isOver) return
    const { isSafe, isKeyed, isStream } = this.#call
    if (!rules.mayHedge({ isSafe, isKeyed, isSpent: isStream })) return
    this.#timer = runtime.setTimer(hedgeAfterMs, () => this.#hedge(), { background: true })
  }

  /** Sends once more what is not answered yet, if budget, circuit and the key's lifetime allow. */
  #hedge(): void {
    const { budget, breaker, rules, options } = this.#core
    const may = this.#mayResend(0, true)
    if (may !== true || !budget.take(rules, options.budget)) return
    const permit = breaker?.enter()
    if (permit !== undefined && !('generation' in permit)) return
    this.#isHedged = true
    this.#attempts += 1
    this.#send(permit)
  }

  #report(send: Send, end: SendEnd): void {
    const { permit } = send
    const { breaker, runtime } = this.#core
    if (breaker === undefined || permit === undefined) return
    const isBad = end.kind === 'failed' || end.answer.status >= 500
    breaker.report(
      permit,
      this.#isOver ? 'ignored' : isBad ? 'badly' : 'well',
      runtime.monotonicMs() - send.beganAtMs,
    )
  }

  /** Ends without another attempt: with the last answer, where there is one that says something. */
  #giveUp(last: Last, details: { readonly why?: string; readonly [name: string]: unknown } = {}): void {
    const { events, rules } = this.#core
    const { isSafe } = this.#call
    const [hasCut, hasVague] = [this.#hasCut || this.#isHedged, this.#hasVague]
    if (last.kind === 'answered') {
      const isAnswer =
        last.meaning === 'done' || rules.isOutcome(last.answer.status, { isSafe, hasCut, hasVague })
      if (isAnswer) return this.#answer(last)
    }
    const outcome = this.#outcome(last)
    const { why } = details
    if (outcome === 'unknown') {
      const { method } = this.#call.sending
      events.emit('outcome_unknown', { method, attempts: this.#attempts, why: why ?? reasonOf(last) })
    }
    const code =
      last.kind === 'failed' &&
      last.code !== undefined &&
      (outcome === 'refused' || last.code === 'ANSWER_TOO_LARGE')
        ? last.code
        : outcome === 'unknown'
          ? 'SEND_UNKNOWN'
          : 'NOT_SENT'
    const status = last.kind === 'answered' ? { status: last.answer.status } : {}
    this.#fail(
      new OutboundError(code, this.#message(outcome, last, why), {
        outcome,
        attempts: this.#attempts,
        details: { ...status, ...details },
        cause: last.kind === 'failed' ? last.error : undefined,
      }),
    )
  }

  #outcome(last: Last): SendOutcome {
    // An answer that is none is one because of what was sent before.
    if (this.#hasCut || this.#hasVague || last.kind === 'answered') return 'unknown'
    return last.code === undefined ? 'not-sent' : 'refused'
  }

  #message(outcome: SendOutcome, last: Last, why: string | undefined): string {
    const said = {
      'not-sent': 'was not sent',
      unknown: 'may have been carried out',
      refused: 'was refused',
    }[outcome]
    const tail = why === undefined ? '' : ` It is not sent again: ${why}.`
    return `${this.#call.name} ${said}: ${reasonOf(last)} (attempt ${this.#attempts}).${tail}`
  }

  #later(last: Last & { readonly kind: 'answered' }, waitMs: number): void {
    const { runtime } = this.#core
    const at = timestamp(runtime.wallMs() + waitMs)
    const { answer } = last
    const message = `${this.#call.name}: the target asks to be called again at ${at}, and the deadline is before that.`
    const isUnknown = this.#hasCut || this.#hasVague || isVague(answer.status)
    const outcome = isUnknown ? 'unknown' : 'refused'
    const details = { status: answer.status, retryAfterMs: Math.ceil(waitMs) }
    this.#fail(new OutboundError('RETRY_LATER', message, { outcome, attempts: this.#attempts, at, details }))
  }

  /** The caller gave up. What was sent may still be carried out. */
  abort(reason: unknown): void {
    if (this.#isOver) return
    const hasBegun = this.#sends.some((send) => send.hasBegun)
    if (hasBegun) this.#hasCut = true
    this.#giveUp({ kind: 'failed', error: reason }, { why: 'the call was given up', aborted: true })
  }

  #answer({ answer, meaning }: Last & { readonly kind: 'answered' }): void {
    const response = new ClientResponse(answer, this.#attempts)
    this.#over()
    this.#resolve({ response, meaning, hasUnknown: this.#hasCut || this.#hasVague })
  }

  #fail(error: Error): void {
    this.#over()
    this.#reject(error)
  }

  #over(): void {
    this.#isOver = true
    this.#core.calls.remove(this)
    this.#timer?.cancel()
    for (const signal of this.#call.signals) signal.removeEventListener('abort', this.#onAbort)
    for (const send of this.#sends.splice(0)) send.cancel(new Error('the call is over'))
  }
}

/** What undici refuses to write at all. */
const misuses: readonly unknown[] = ['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']

function misuse(name: string, error: unknown): OncewardError {
  return new OncewardError('OPTION_INVALID', `${name} cannot be written: ${messageOf(error)}.`, {
    cause: error,
  })
}

function reasonOf(last: Last): string {
  if (last.kind === 'answered') return `the answer ${last.answer.status} does not say how it ended`
  return messageOf(last.error)
}

function codeText(error: unknown): string {
  const { code } = readThrown(error)
  return typeof code === 'string' ? code : 'ERROR'
}
