import { OncewardError, optionInvalid, readThrown, type Thrown } from '../kernel/errors.ts'
import type { Claimed } from './claimed.ts'
import { type Entry, type EntryError, fenceOf } from './entry.ts'
import type { Guarded } from './guarded.ts'
import type { Attempt, Effect, StepEffect, StepOptions } from './onceward.ts'
import { type Finish, type Outcome, replayOf } from './outcome.ts'
import { keepResult } from './results.ts'
import type { Ending, Settlement } from './rules.ts'
import type { MakeSteps, Steps } from './steps.ts'
import type { SettleResult } from './store.ts'
import type { Committed } from './transaction.ts'

// Few programs have transactions, so that they come with the first one.
const loadTransaction = () => import('./transaction.ts')

/** A failure's code is kept in the row: a longer one is cut. */
const maxCodeLength = 100

/** The `attempt` that the effect gets, and what the guard needs to know of it afterwards. */
export class AttemptHandle implements Attempt {
  readonly claimed: Claimed
  committed: Committed | undefined
  /** A transaction on its way: the attempt does not end beside it. */
  committing: Promise<void> | undefined
  /** Of an operation that has some: those that earlier attempts left are checked even if this one calls none. */
  readonly steps: Steps | undefined
  #effectKey: string | undefined

  constructor(claimed: Claimed, makeSteps: MakeSteps | undefined) {
    this.claimed = claimed
    this.steps = makeSteps?.(claimed)
  }

  get effectKey(): string {
    const { ledger, entry } = this.claimed
    this.#effectKey ??= ledger.rules.effectKey(entry)
    return this.#effectKey
  }

  get number(): number {
    return this.claimed.entry.attempt
  }

  get fence(): { readonly epoch: number; readonly attempt: number } {
    return fenceOf(this.claimed.entry)
  }

  get signal(): AbortSignal {
    return this.claimed.signal()
  }

  step<T>(name: string, options: StepOptions | StepEffect<T>, effect?: StepEffect<T>): Promise<T> {
    try {
      if (this.steps === undefined) {
        const { operation } = this.claimed.entry
        throw new OncewardError(
          'STEP_INVALID',
          `${operation} is not registered with steps: true, so "${name}" cannot be a step of it.`,
        )
      }
      return typeof options === 'function'
        ? this.steps.run(name, {}, options)
        : this.steps.run(name, options, effect as StepEffect<T>)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  transaction<T, Client>(work: (client: Client) => T | Promise<T>): Promise<T> {
    const run = this.#transact(work)
    const isFirst = this.committing === undefined
    if (isFirst) {
      const forget = (): void => void (this.committing = undefined)
      this.committing = run.then(forget, forget)
    }
    return run
  }

  async #transact<T, Client>(work: (client: Client) => T | Promise<T>): Promise<T> {
    if (this.committed !== undefined || this.committing !== undefined)
      throw optionInvalid('attempt.transaction', 'called once per attempt', 'a second call')
    if (this.claimed.call.operation.steps)
      throw optionInvalid('attempt.transaction', 'used without steps', 'an operation with steps: true')
    const { commitTogether } = await loadTransaction()
    const { committed, value } = await commitTogether(
      this.claimed,
      work as (client: unknown) => T | Promise<T>,
      (decided) => {
        this.committed = decided
      },
    )
    this.committed = committed
    return value
  }
}

/** Runs the effect of an owned entry and writes how it ended. */
export async function runAttempt(
  claimed: Claimed,
  { effect, makeSteps }: Pick<Guarded, 'effect' | 'makeSteps'>,
): Promise<Outcome> {
  const { ledger } = claimed
  const handle = new AttemptHandle(claimed, makeSteps)
  ledger.heartbeat.add(claimed)
  ledger.events.emit('effect_started', claimed.entry, {})
  const beganAtMs = ledger.options.runtime.monotonicMs()
  const finished = finish(handle, effect)
  const first = await new Promise<Finish | OncewardError>((resolve, reject) => {
    claimed.onLost(resolve)
    finished.then(resolve, reject)
  })
  if ('kind' in first) return conclude(handle, first, beganAtMs)
  // Rule 3: the effect goes on without its caller; what it comes to is still written if nobody else has.
  ledger.running.outlive(finished.then((late) => conclude(handle, late, beganAtMs)))
  return leaseLost(claimed, first)
}

function leaseLost(claimed: Claimed, error: OncewardError): Outcome {
  const code = error.code === 'CLOSED' ? 'CLOSED' : 'LEASE_LOST'
  return { kind: 'lease-lost', entry: claimed.entry, message: error.message, code }
}

async function finish(handle: AttemptHandle, effect: Effect<unknown>): Promise<Finish> {
  const { claimed } = handle
  const { ledger, entry } = claimed
  const refs = [...(ledger.inside.getStore() ?? []), entry.ref]
  let result: Finish
  try {
    result = { kind: 'returned', value: await ledger.inside.run(refs, effect, handle) }
  } catch (error) {
    result = { kind: 'threw', error }
  }
  if (handle.committing !== undefined) await handle.committing
  if (handle.steps !== undefined) {
    await handle.steps.settled()
    claimed.isEnding = true
    await handle.steps.flushed()
  }
  return result
}

/** Writes the end of the attempt, whatever it was. */
async function conclude(handle: AttemptHandle, result: Finish, beganAtMs: number): Promise<Outcome> {
  const { claimed } = handle
  const { ledger, entry } = claimed
  if (handle.committed !== undefined) {
    const { concludeTransaction } = await loadTransaction()
    return concludeTransaction(claimed, handle.committed, result)
  }
  const thrown = result.kind === 'threw' ? readThrown(result.error) : undefined
  const ending = endingOf(handle, thrown)
  const settlement = settlementOf(handle, ending)
  const value = result.kind === 'returned' ? result.value : thrown?.value
  const usedBytes = handle.steps?.log.usedBytes() ?? 0
  const kept = keepResult(ledger.options, value, { operation: entry.operation, ref: entry.ref, usedBytes })
  if (!kept.kept) ledger.events.emit('result_not_kept', entry, { message: kept.why })
  const content = {
    valueKept: kept.kept,
    value: kept.kept ? kept.content : undefined,
    steps: handle.steps?.log.toDocument(),
  }
  const request = claimed.request(settlement, content)
  let answer: SettleResult
  try {
    answer = await claimed.settle(request)
  } catch (error) {
    ledger.heartbeat.remove(claimed)
    return unrecorded(claimed, result, error)
  }
  ledger.heartbeat.remove(claimed)
  if (answer.kind === 'stale') return lateOutcome(claimed, ending, answer.entry)
  // Written twice, after a lost answer; in between somebody else has found out that it happened.
  if (ending.kind !== 'succeeded' && claimed.entry.state === 'succeeded')
    return replayOf(ledger, claimed.entry)
  report(claimed, ending, ledger.options.runtime.monotonicMs() - beganAtMs)
  return outcomeOf(claimed.entry, ending, result)
}

function endingOf(handle: AttemptHandle, thrown: Thrown | undefined): Ending {
  const { ledger, call } = handle.claimed
  if (thrown === undefined) {
    const isOpen = handle.steps?.log.hasOpen() === true
    if (!isOpen) return { kind: 'succeeded' }
    return {
      kind: 'unknown',
      error: { code: 'STEP_UNKNOWN', message: 'a step ended without a known outcome' },
    }
  }
  const { code, message, retryable } = thrown
  const kind = ledger.rules.classify(thrown, call.operation)
  const error: EntryError = {
    code: typeof code === 'string' ? code.slice(0, maxCodeLength) : 'UNKNOWN',
    message,
  }
  return { kind, error, ...(retryable === undefined ? {} : { retryable }) }
}

function settlementOf(handle: AttemptHandle, ending: Ending): Settlement {
  const { claimed, steps } = handle
  const { ledger, call } = claimed
  // Rule 2: an earlier attempt may have sent a step that this one has not come to.
  const earlierUnknown = claimed.entry.earlierUnknown && steps?.isComplete !== true
  const entry: Entry =
    steps === undefined ? claimed.entry : { ...claimed.entry, earlierUnknown, steps: steps.log.toDocument() }
  const settlement = ledger.rules.settlement(entry, ending, call.operation)
  const why = steps?.doubtOf(ending.kind, earlierUnknown)
  if (why === undefined) return settlement
  return { ...settlement, to: 'in_doubt', round: entry.round, endsLease: true, why }
}

function report(claimed: Claimed, ending: Ending, durationMs: number): void {
  const { ledger, entry } = claimed
  const message = ending.kind === 'succeeded' ? '' : ending.error.message
  switch (entry.state) {
    case 'succeeded':
      return ledger.events.emit('succeeded', entry, { durationMs, valueKept: entry.valueKept })
    case 'failed':
      return ledger.events.emit('failed', entry, { durationMs, message })
    case 'released':
      return ledger.events.emit('released', entry, { message })
    case 'in_doubt':
      return ledger.events.emit('in_doubt', entry, { why: entry.doubt?.why ?? '' })
    default:
      return ledger.events.emit('outcome_unknown', entry, { message })
  }
}

function outcomeOf(entry: Entry, ending: Ending, result: Finish): Outcome {
  const cause = result.kind === 'threw' ? result.error : undefined
  switch (entry.state) {
    case 'succeeded':
      return { kind: 'ran', entry, value: result.kind === 'returned' ? result.value : undefined }
    case 'in_doubt':
      return { kind: 'in-doubt', entry, cause }
    case 'failed':
      return { kind: 'failed', entry, cause }
    case 'released':
      return ending.kind === 'definite-failure'
        ? { kind: 'failed', entry, cause }
        : { kind: 'unknown', entry, cause }
    default:
      return { kind: 'unknown', entry, cause }
  }
}

/** The effect ended and its record could not be written: the value is not lost, and nobody will run it blindly again. */
function unrecorded(claimed: Claimed, result: Finish, error: unknown): Outcome {
  const cause = result.kind === 'threw' ? result.error : error
  return {
    kind: 'in-doubt',
    entry: claimed.entry,
    cause,
    ...(result.kind === 'returned' ? { value: result.value } : {}),
  }
}

/** Rule 3: the entry has gone on without this owner. What came of it is kept as evidence and changes nothing. */
async function lateOutcome(claimed: Claimed, ending: Ending, current: Entry | undefined): Promise<Outcome> {
  const { ledger, entry } = claimed
  const outcome = ending.kind === 'succeeded' ? 'succeeded' : ending.kind === 'unknown' ? 'unknown' : 'failed'
  const fence = fenceOf(entry)
  const state = current?.state ?? 'gone'
  ledger.events.emit('late_outcome', entry, { outcome, state })
  const body = JSON.stringify({ ref: entry.ref, fence, outcome, state, worker: ledger.events.worker })
  const id = `${entry.ref}.${fence.epoch}.${fence.attempt}`
  const kept = ledger.options.store.records.append([{ stream: 'late-outcomes', id, body }])
  await ledger.inTime('record', kept).catch(() => undefined)
  const message = `The outcome of attempt ${entry.attempt} came after the entry had gone on without it.`
  return { kind: 'lease-lost', entry: current ?? entry, message, code: 'LEASE_LOST' }
}
