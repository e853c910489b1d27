import { DefiniteFailure, isDefiniteFailure, isOncewardError } from '../kernel/errors.ts'
import type { Timer } from '../kernel/runtime.ts'
import type { Attempt } from '../ledger/onceward.ts'
import type { Key } from '../ledger/intent.ts'
import { packAnswer, type StoredAnswer, unpackAnswer } from './answer.ts'
import type { EngineContext, Guarded } from './context.ts'
import { GuardedAttempt, type RunningAttempt } from './guarded-attempt.ts'
import type { Answer, Captured, Reply } from './message.ts'
import { problemOf } from './problem-of.ts'

interface Identity {
  readonly operation: string
  readonly key: Key
  readonly subject?: string
  readonly shownKey: string | readonly string[]
}

/** Runs a guarded request through the ledger; see `HttpEngine.answer`. */
export function runGuarded<Native>(
  context: EngineContext<Native>,
  guarded: Guarded<Native>,
  identity: Identity,
): Promise<Reply> {
  return new GuardedRun(context as EngineContext, guarded, identity).reply()
}

/**
 * One call of the ledger, and what is known of the handler in it. All of it lies in this one object, because literals with
 * functions in them that live as long as a request does cost a multiple of their size (docs/decisions/033).
 */
class GuardedRun implements RunningAttempt {
  readonly #context: EngineContext
  readonly #guarded: Guarded
  readonly #operation: string
  readonly #key: Key
  readonly #subject: string | undefined
  readonly shownKey: string | readonly string[]
  /** Answers the client before the ledger has: a live answer, a handler that takes too long. */
  #early!: (reply: Reply) => void
  #hasBegun = false
  #answer: Answer | undefined
  #thrown: { readonly error: unknown } | undefined
  #timer: Timer | undefined
  #isLate = false
  #onCaptured!: (captured: Captured) => void
  #onFailed!: (error: unknown) => void

  constructor(context: EngineContext, guarded: Guarded, identity: Identity) {
    this.#context = context
    this.#guarded = guarded
    this.#operation = identity.operation
    this.#key = identity.key
    this.#subject = identity.subject
    this.shownKey = identity.shownKey
  }

  reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#early = resolve
      this.#run().then(resolve, reject)
    })
  }

  replays(name: string): boolean {
    return this.#context.options.replays(name)
  }

  async #run(): Promise<Reply> {
    const { once, options, rules } = this.#context
    const { head, body } = this.#guarded
    const intent = {
      ...options.intent,
      operation: this.#operation,
      key: this.#key,
      input: rules.fingerprintOf(options, head.request, body),
      ...(this.#subject === undefined ? {} : { subject: this.#subject }),
    }
    try {
      const value = await once.run(intent, (attempt) => this.#effect(attempt))
      if (this.#answer !== undefined) return { kind: 'answer', source: 'handler', answer: this.#answer }
      return this.#replay(value)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #replay(value: unknown): Reply {
    const answer = unpackAnswer(value)
    if (answer !== undefined) return { kind: 'answer', source: 'replay', answer }
    const { status, notKeptBytes } = value as StoredAnswer
    const detail = `The answer had ${notKeptBytes} bytes, more than is kept. Nothing runs again.`
    return this.#problem(
      this.#context.problem('answer-not-kept', { detail, more: { originalStatus: status } }),
    )
  }

  #problem(answer: Answer): Reply {
    return { kind: 'answer', source: 'problem', answer }
  }

  #failed(error: unknown): Reply {
    if (!isOncewardError(error)) throw error
    const { ref } = error.details
    // The handler answered, and the route counts the answer as no result: it is this caller's all the same.
    if (this.#answer !== undefined && !isUnrecorded(error))
      return { kind: 'answer', source: 'handler', answer: this.#answer, ref }
    if (this.#thrown !== undefined && !isDefiniteFailure(this.#thrown.error))
      return { kind: 'threw', error: this.#thrown.error, answer: this.#handlerFailed(ref), ref }
    return this.#problem(problemOf(this.#context, error, this.#hasBegun))
  }

  #handlerFailed(ref: string | undefined): Answer {
    return this.#context.problem('handler-failed', {
      detail: 'The handler of this request failed. Sending the request again is safe.',
      ref,
    })
  }

  /** What the ledger runs: the handler, bounded in time. Its value is the answer as it is kept. */
  async #effect(attempt: Attempt): Promise<StoredAnswer> {
    this.#hasBegun = true
    const handle = new GuardedAttempt(attempt, this)
    let captured: Captured
    try {
      captured = await this.#inTime(handle)
    } catch (error) {
      if (error instanceof HandlerTimeout) throw error
      return this.#afterThrow(error)
    }
    if (captured.kind === 'live') {
      this.#early({ kind: 'live' })
      const { head, done } = captured
      const answer = { ...head, body: '' }
      const notKeptBytes = await done
      return this.#classed(answer, { ...packAnswer(answer, this.#context.options.replays), notKeptBytes })
    }
    this.#answer = captured.answer
    return this.#classed(captured.answer)
  }

  /** Gives what is kept of an answer, or throws what says that it is no result. */
  #classed(answer: Answer, stored?: StoredAnswer): StoredAnswer {
    const { options, rules } = this.#context
    const outcome = rules.classOf(options, answer)
    if (outcome === 'final') return stored ?? packAnswer(answer, options.replays)
    const message = `the handler answered ${answer.status}`
    if (outcome === 'no-effect')
      throw new DefiniteFailure(`${message}: nothing has begun`, { code: 'NO_EFFECT', retryable: true })
    throw new Error(`${message}, which does not say whether it took effect`)
  }

  #afterThrow(error: unknown): StoredAnswer {
    const { profile, replays } = this.#context.options
    if (isDefiniteFailure(error) || profile.thrown !== 'final') {
      this.#thrown = { error }
      throw error
    }
    this.#context.options.onError(error)
    this.#answer = this.#handlerFailed(undefined)
    return packAnswer(this.#answer, replays)
  }

  /** The handler's answer, or that of its transaction; rejects when it takes too long. */
  #inTime(handle: GuardedAttempt): Promise<Captured> {
    const { runtime, options } = this.#context
    return new Promise<Captured>((resolve, reject) => {
      this.#onCaptured = resolve
      this.#onFailed = reject
      this.#guarded.perform(handle).then(
        (captured) => this.#end(captured),
        (error: unknown) => this.#endWith(error),
      )
      this.#timer = runtime.setTimer(options.timeoutMs, () => this.#endLate())
    })
  }

  committed(answer: Answer): void {
    this.#end({ kind: 'answer', answer })
  }

  #end(captured: Captured): void {
    this.#timer?.cancel()
    if (this.#isLate) this.#cameLate(captured)
    else this.#onCaptured(captured)
  }

  #endWith(error: unknown): void {
    this.#timer?.cancel()
    this.#onFailed(error)
  }

  #endLate(): void {
    const { timeoutMs } = this.#context.options
    this.#isLate = true
    this.#tooLate()
    this.#onFailed(new HandlerTimeout(`the handler did not answer within ${timeoutMs} ms`))
  }

  #tooLate(): void {
    const detail =
      'The handler has not answered in time and may still be at work. Sending the request again is safe.'
    this.#early(this.#problem(this.#context.problem('no-answer', { detail })))
  }

  /** The handler answered past its time: where that put the entry in doubt, its answer is the evidence that ends it. */
  #cameLate(captured: Captured): void {
    if (captured.kind === 'live') {
      captured.done.catch(() => undefined)
      return
    }
    const { once, options, rules } = this.#context
    if (rules.classOf(options, captured.answer) !== 'final') return
    const value = packAnswer(captured.answer, options.replays)
    const because = 'the handler answered after its time limit'
    once.doubts
      .resolve(
        { operation: this.#operation, key: this.#key },
        { happened: true, value, by: 'onceward/http', because },
      )
      .catch(() => undefined)
  }
}

class HandlerTimeout extends Error {}

/** The handler's answer is not in the ledger, or somebody else's may be: it must not be sent as if it were. */
function isUnrecorded(error: { readonly code: string; readonly value?: unknown }): boolean {
  return error.code === 'LEASE_LOST' || error.code === 'CLOSED' || error.value !== undefined
}
