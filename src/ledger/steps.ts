import { sha256Text } from '../kernel/ids.ts'
import { DefiniteFailure, OncewardError, optionInvalid, readThrown } from '../kernel/errors.ts'
import { canonicalJson, findJsonFlaw, type Json } from '../kernel/json.ts'
import { label } from '../kernel/check.ts'
import { ask } from './ask.ts'
import type { StepRecord } from './entry.ts'
import type { Claimed } from './claimed.ts'
import type { StepAttempt, StepEffect, StepOptions } from './onceward.ts'
import { notKept } from './results.ts'
import type { Ending } from './rules.ts'
import { type ParsedSafety, parseSafety } from './safety.ts'
import { keepStepResult, openStepResult } from './step-results.ts'
import { maxSteps, StepsLog } from './steps-document.ts'

/** Makes what keeps the steps of one attempt. */
export type MakeSteps = (claimed: Claimed) => Steps

export const makeSteps: MakeSteps = (claimed) => new Steps(claimed)

interface StepCall<T> {
  readonly name: string
  readonly safety: ParsedSafety
  readonly inputDigest: string
  readonly effect: StepEffect<T>
}

/** What the record says of a step that is called again. */
interface Known {
  readonly before: StepRecord | undefined
  /** An earlier attempt may have sent this round of it. */
  readonly earlierUnknown: boolean
}

const stuckWhy =
  'An earlier attempt may have sent a step that is not on record, and none comes past the step that has failed.'

/** The steps of one attempt (rule 9). */
export class Steps {
  readonly #claimed: Claimed
  readonly #log: StepsLog
  readonly #called = new Set<string>()
  readonly #pending = new Set<Promise<unknown>>()
  #flush: Promise<void> | undefined
  #isDirty = false
  /** Set when a step may have been sent and must not be sent again: the entry goes into doubt. */
  #doubtWhy: string | undefined
  #isPast = false
  #wasDenied = false
  #hasReplayedFailure = false
  /** How often a step without an outcome on record was begun while no other such step ran. */
  #waves = 0
  #running = 0

  constructor(claimed: Claimed) {
    this.#claimed = claimed
    this.#log = new StepsLog(claimed.entry, { inherits: claimed.entry.earlierUnknown, nowMs: claimed.nowMs })
  }

  get log(): StepsLog {
    return this.#log
  }

  /**
   * True once this attempt has come past everything that a dead one may have sent unlisted. A blind or verifiable
   * step is on record before it is sent, and a keyed one at the latest when the step behind it is done, so no more
   * than two in a row (or two sets of parallel ones) can be missing.
   */
  get isPast(): boolean {
    return this.#isPast || this.#waves > 1
  }

  /**
   * True once nothing can be missing in the list of steps when the attempt ends. A step that a dead attempt was at and
   * that has not happened, as its target says, is one that it never came past either.
   */
  get isComplete(): boolean {
    return this.isPast || this.#wasDenied
  }

  /** Why the entry goes into doubt at the end of the attempt, if it does. */
  doubtOf(ending: Ending['kind'], earlierUnknown: boolean): string | undefined {
    // A recorded failure was met before anything ran: no later attempt will come further than this one.
    const isStuck = this.#hasReplayedFailure && this.#waves === 0
    if (!isStuck || !earlierUnknown || ending !== 'definite-failure') return this.#doubtWhy
    return this.#doubtWhy ?? stuckWhy
  }

  /** Steps that the effect started and did not wait for. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }

  run<T>(name: string, options: StepOptions, effect: StepEffect<T>): Promise<T> {
    const running = this.#run(this.#parse(name, options, effect))
    const forget = running
      .catch(() => undefined)
      .then(() => {
        this.#pending.delete(forget)
      })
    this.#pending.add(forget)
    return running
  }

  #parse<T>(name: string, options: StepOptions, effect: StepEffect<T>): StepCall<T> {
    const { call } = this.#claimed
    label(name, 'step name', 100)
    if (typeof effect !== 'function') throw optionInvalid(`step "${name}"`, 'a function', effect)
    if (this.#called.has(name))
      throw new OncewardError(
        'STEP_INVALID',
        `The step "${name}" was called twice; names are unique within an entry.`,
      )
    if (this.#log.get(name) === undefined && this.#log.size >= maxSteps) {
      throw new OncewardError(
        'STEP_INVALID',
        `An entry has at most ${maxSteps} steps; "${name}" would be one more.`,
      )
    }
    const safety =
      options.safety === undefined
        ? call.operation.safety
        : parseSafety(options.safety, `step "${name}" safety`)
    if (safety.kind === 'transactional')
      throw optionInvalid(`step "${name}" safety`, 'keyed, verifiable or blind', safety.kind)
    this.#called.add(name)
    return { name, safety, inputDigest: digestOfInput(name, options.input), effect }
  }

  async #run<T>(call: StepCall<T>): Promise<T> {
    const before = this.#log.get(call.name)
    if (before !== undefined && this.#claimed.ledger.rules.stepDiverges(before, call.inputDigest)) {
      throw new OncewardError(
        'STEP_DIVERGED',
        `The step "${call.name}" was called before with another input.`,
        {
          details: { ref: this.#claimed.entry.ref, step: call.name },
        },
      )
    }
    if (before?.state === 'succeeded') return this.#replay(before) as T
    if (before?.state === 'failed' && this.#claimed.call.operation.retry === 'never') {
      this.#hasReplayedFailure = true
      throw failedStep(before)
    }
    const earlierUnknown = this.#maybeSent(call, before)
    if (this.#running === 0) this.#waves += 1
    this.#running += 1
    try {
      return await this.#resumeOrStart(call, { before, earlierUnknown })
    } finally {
      this.#running -= 1
      if (before?.state !== 'started' && call.safety.kind !== 'keyed') this.#isPast = true
    }
  }

  async #resumeOrStart<T>(call: StepCall<T>, known: Known): Promise<T> {
    if (known.before?.state === 'started') {
      const asked = await this.#resume(call, known.before)
      if (asked !== undefined) return asked.value as T
    } else if (known.earlierUnknown) this.#checkUnlisted(call)
    return this.#start(call, known)
  }

  /** Rule 2: only a keyed step is sent again while an earlier sending of it has no known outcome. */
  #maybeSent(call: StepCall<unknown>, before: StepRecord | undefined): boolean {
    if (call.safety.kind !== 'keyed') return false
    // A step on record as failed may have been begun again, unlisted as one that is not on record at all.
    return before?.state === 'started' || (this.#log.unlistedSinceMs() !== undefined && !this.isPast)
  }

  #replay(record: StepRecord): unknown {
    const { ledger, entry } = this.#claimed
    if (record.notKept === true) throw notKept(entry.ref, record.name)
    ledger.events.emit('step_replayed', entry, { step: record.name })
    return openStepResult(ledger.options, record.value, { ref: entry.ref, step: record.name })
  }

  /** A step that an earlier attempt began: by its safety it is asked for, sent again, or in doubt. */
  async #resume<T>(call: StepCall<T>, before: StepRecord): Promise<{ value: unknown } | undefined> {
    const { safety } = call
    if (safety.kind === 'blind' || before.safety !== safety.kind)
      throw this.#doubt(`The step "${call.name}" may have begun, and its target cannot be asked.`)
    if (safety.kind === 'keyed') {
      this.#checkKeyLifetime(call, before.firstPossibleSendAtMs)
      return undefined
    }
    if (safety.kind !== 'verifiable' || safety.verify === undefined) return undefined
    const { ledger, entry } = this.#claimed
    const answer = await ask(ledger, {
      verify: safety.verify,
      entry,
      timeoutMs: safety.settleMs,
      step: { name: call.name, round: before.round },
    })
    if (answer.happened === null)
      throw this.#doubt(`The step "${call.name}" may have happened: ${answer.why}`)
    if (!answer.happened) {
      this.#wasDenied = true
      return undefined
    }
    this.#succeed(call.name, answer.value)
    return { value: answer.value }
  }

  /** Rule 5: a keyed step needs no start on record, so an earlier attempt may have sent one that is not listed. */
  #checkUnlisted(call: StepCall<unknown>): void {
    const sinceMs = this.#log.unlistedSinceMs()
    if (sinceMs !== undefined) this.#checkKeyLifetime(call, sinceMs)
  }

  #checkKeyLifetime(call: StepCall<unknown>, firstPossibleSendAtMs: number): void {
    const { safety } = call
    if (safety.kind !== 'keyed') return
    const { ledger, storeNowMs } = this.#claimed
    if (ledger.rules.keyedMayRun(firstPossibleSendAtMs, safety, storeNowMs)) return
    throw this.#doubt(
      `The target of step "${call.name}" may have forgotten the effect key: its lifetime is over.`,
    )
  }

  #doubt(why: string): OncewardError {
    this.#doubtWhy ??= why
    return new OncewardError('IN_DOUBT', why, { details: { ref: this.#claimed.entry.ref } })
  }

  async #start<T>(call: StepCall<T>, { before, earlierUnknown }: Known): Promise<T> {
    const { ledger, entry } = this.#claimed
    const { safety, inputDigest } = call
    const round = before?.state === 'failed' ? before.round + 1 : (before?.round ?? 0)
    const record = this.#log.start(call.name, { safety, inputDigest, round, earlierUnknown })
    try {
      // A blind or verifiable effect must not begin before its start is on record, a keyed one not before the start
      // of the step before it is.
      if (safety.kind === 'keyed') await this.#written()
      else await this.write()
    } catch (error) {
      this.#log.restore(call.name, before)
      throw error
    }
    if (!this.#claimed.holdsLease) await this.#claimed.ensureLease()
    this.#claimed.mustHoldLease()
    ledger.events.emit('step_started', entry, { step: call.name })
    return this.#perform(call, record)
  }

  async #perform<T>(call: StepCall<T>, record: StepRecord): Promise<T> {
    const { ledger, entry } = this.#claimed
    const { scope, operation, key } = entry
    const step: StepAttempt = {
      effectKey: ledger.rules.effectKey({ scope, operation, key, step: call.name, round: record.round }),
      number: record.attempts,
      signal: this.#claimed.signal(),
    }
    let value: T
    try {
      value = await call.effect(step)
    } catch (error) {
      this.#fail(call, error)
      throw error
    }
    this.#succeed(call.name, value)
    return value
  }

  #succeed(name: string, value: unknown): void {
    const { ledger, entry } = this.#claimed
    const kept = keepStepResult(ledger.options, value, {
      operation: entry.operation,
      ref: entry.ref,
      step: name,
      usedBytes: this.#log.usedBytes(),
    })
    if (!kept.kept) ledger.events.emit('result_not_kept', entry, { message: `step "${name}": ${kept.why}` })
    this.#log.succeed(
      name,
      kept.kept ? (kept.content === undefined ? {} : { text: kept.content }) : { notKept: true },
    )
    ledger.events.emit('step_finished', entry, { step: name, outcome: 'succeeded' })
    this.#writeSoon()
  }

  #fail(call: StepCall<unknown>, error: unknown): void {
    const {
      ledger,
      entry,
      call: { operation },
    } = this.#claimed
    const thrown = readThrown(error)
    const { code, message } = thrown
    const outcome = ledger.rules.classify(thrown, operation)
    // Rule 2: while an earlier start of this step has no known outcome, a definite failure speaks for itself only.
    const isDefinite = outcome === 'definite-failure' && this.#log.get(call.name)?.earlierUnknown !== true
    if (isDefinite)
      this.#log.fail(call.name, {
        code: typeof code === 'string' ? code.slice(0, 100) : 'DEFINITE_FAILURE',
        message,
      })
    ledger.events.emit('step_finished', entry, {
      step: call.name,
      outcome: isDefinite ? 'failed' : 'unknown',
    })
    this.#writeSoon()
  }

  /** Outcome k travels with start k+1 if that is called in this turn of the event loop, else it goes alone. */
  #writeSoon(): void {
    this.#isDirty = true
    this.#claimed.ledger.options.runtime.endOfTurn(() => {
      if (this.#isDirty && !this.#claimed.isEnding) this.write().catch(() => undefined)
    })
  }

  /** Writes the document as it is now. Writes of one entry follow each other. */
  async write(): Promise<void> {
    this.#isDirty = false
    const previous = this.#flush
    const flush = (async (): Promise<void> => {
      if (previous !== undefined) await previous.catch(() => undefined)
      const { nowMs } = await writeSteps(this.#claimed, this.#log)
      this.#log.saw(nowMs)
    })()
    this.#flush = flush
    return flush
  }

  /** The write on its way has come through; one that failed is made again. Throws as `write` does. */
  async #written(): Promise<void> {
    if (this.#flush === undefined) return
    await this.#flush.catch(() => this.write())
  }

  /** Nothing more is written after this but the settlement, which carries the whole document. */
  async flushed(): Promise<void> {
    await this.#flush?.catch(() => undefined)
  }
}

/** Writes the steps as they are. Throws `LEASE_LOST` or `STORE_UNAVAILABLE`. */
async function writeSteps(claimed: Claimed, log: StepsLog): Promise<{ nowMs: number }> {
  const { ledger, entry } = claimed
  const { round, earlierUnknown } = entry
  const steps = log.toDocument()
  const to = log.hasOpen() || steps.steps.length > 0 ? 'started' : 'claimed'
  const request = claimed.request({ to, round, earlierUnknown, endsLease: false }, { valueKept: true, steps })
  const { result, nowMs } = await ledger.lanes.settle.ask(request, ledger.options.storeTimeoutMs)
  if (result.kind === 'settled') {
    claimed.entry = result.entry
    return { nowMs }
  }
  claimed.endLease('another worker has taken the entry over, or it was put in doubt')
  throw claimed.lost ?? new OncewardError('LEASE_LOST', `The lease of ${entry.ref} ended.`)
}

function digestOfInput(name: string, input: unknown): string {
  if (input === undefined) return ''
  const flaw = findJsonFlaw(input)
  if (flaw !== undefined)
    throw new OncewardError(
      'INPUT_INVALID',
      `The input of step "${name}" must be JSON; at "${flaw.pointer}" it is ${flaw.what}.`,
    )
  return sha256Text(canonicalJson(input as Json))
}

/** The failure that the body saw when the step ran. */
function failedStep(record: StepRecord): DefiniteFailure {
  const { code, message } = record.error ?? {
    code: 'DEFINITE_FAILURE',
    message: `The step "${record.name}" failed.`,
  }
  return new DefiniteFailure(message, { code })
}
