import { delay, fullJitterMs, type Runtime } from '../../kernel/runtime.ts'
import { sharedBudget } from '../../outbound/budget.ts'
import { systemRuntime } from '../../system.ts'
import { type AttemptEnd, type GrpcClientRules, grpcClientRules, type GrpcOutcome } from './decisions.ts'
import type { ParsedGrpcClientOptions } from './options.ts'

/** What the client interceptors share. */
export interface ClientCore {
  readonly options: ParsedGrpcClientOptions
  readonly runtime: Runtime
  readonly rules: GrpcClientRules
}

export function clientCore(
  options: ParsedGrpcClientOptions,
  rules: GrpcClientRules = grpcClientRules,
): ClientCore {
  return { options, runtime: systemRuntime, rules }
}

/** One call of the application, however often it is sent. */
export interface UnaryCall<End extends AttemptEnd> {
  readonly path: string
  /** Whose retry budget it draws on; asked when something is to be sent. */
  destination(): string
  readonly isSafe: boolean
  /** Until its deadline; infinite without one. */
  remainingMs(): number
  /** Aborts when the caller cancels. */
  readonly signal: AbortSignal
  /** Sends it once, within so many milliseconds. Never rejects. */
  send(key: string | undefined, timeoutMs: number): Promise<End>
}

/** What all tries of a call came to. */
export interface Tried<End extends AttemptEnd> {
  readonly end: End
  /** Of all of them: unknown while one of them is, unless the last was done. */
  readonly outcome: GrpcOutcome
  readonly attempts: number
}

/** What the tries of a call may rest on. */
export interface Terms {
  /** Sent with each of them. */
  readonly key: string | undefined
  /** The server deduplicates by the key. */
  readonly isKeyed: boolean
  /** Within so many milliseconds from the first all of them must have been over. */
  readonly keyLifetimeMs: number
  /** Aborts when nothing is to be sent any more: the lease is lost. */
  readonly signal?: AbortSignal
}

/** Sends a call until it is answered, or may or need not be sent again. */
export async function tryCall<End extends AttemptEnd>(
  core: ClientCore,
  call: UnaryCall<End>,
  terms: Terms,
): Promise<Tried<End>> {
  const { options, runtime, rules } = core
  const budget = sharedBudget(runtime, call.destination())
  budget.countCall()
  const first = { monotonicMs: runtime.monotonicMs(), wallMs: runtime.wallMs() }
  const signal = terms.signal === undefined ? call.signal : AbortSignal.any([call.signal, terms.signal])
  let hadUnknown = false
  for (let attempts = 1; ; attempts += 1) {
    const end = await call.send(terms.key, options.timeoutMs)
    const outcome = rules.outcomeOf(end)
    const tried = { end, outcome: rules.outcomeOfAll(outcome, hadUnknown), attempts }
    const mayResendAfter = (waitMs: number): boolean =>
      mayResend(core, call, { terms, first, waitMs, mayHaveArrived: outcome !== 'not-sent' || hadUnknown })
    const waitMs = signal.aborted ? undefined : waitAfter(core, call, { end, outcome, attempts })
    if (waitMs === undefined || !mayResendAfter(waitMs) || !budget.take(rules, options.budget)) return tried
    await delay(runtime, waitMs, signal)
    // A timer that fires late, or a machine that slept, may have used up what the key had left.
    if (signal.aborted || !mayResendAfter(0)) return tried
    hadUnknown ||= outcome === 'unknown'
  }
}

/** How long to wait for the next try; `undefined` where there is to be none. */
function waitAfter(
  core: ClientCore,
  call: UnaryCall<AttemptEnd>,
  {
    end,
    outcome,
    attempts,
  }: { readonly end: AttemptEnd; readonly outcome: GrpcOutcome; readonly attempts: number },
): number | undefined {
  const { options, runtime, rules } = core
  const pushback = rules.pushbackOf(end.pushback)
  if (attempts >= options.retry.attempts || pushback === 'stop') return undefined
  if (!rules.isWorthAnother(end, outcome)) return undefined
  const wait = rules.waitBefore({
    backoffMs: fullJitterMs(runtime, attempts - 1, options.retry),
    retryAfterMs: pushback,
    remainingMs: call.remainingMs(),
  })
  return wait.kind === 'wait' && wait.waitMs <= maxTimerMs ? wait.waitMs : undefined
}

interface Resend {
  readonly terms: Terms
  /** Both clocks, when the key was first sent. */
  readonly first: { readonly monotonicMs: number; readonly wallMs: number }
  readonly waitMs: number
  readonly mayHaveArrived: boolean
}

function mayResend(core: ClientCore, call: UnaryCall<AttemptEnd>, resend: Resend): boolean {
  const { options, runtime, rules } = core
  const { terms, first, waitMs, mayHaveArrived } = resend
  // The monotonic clock may stand still while a machine sleeps.
  const elapsedMs = Math.max(runtime.monotonicMs() - first.monotonicMs, runtime.wallMs() - first.wallMs)
  const may = rules.mayResend({
    isSafe: call.isSafe,
    isKeyed: terms.isKeyed,
    isSpent: false,
    mayHaveArrived,
    keyAgeMs: elapsedMs + waitMs,
    keyLifetimeMs: terms.keyLifetimeMs,
    timeoutMs: Math.min(options.timeoutMs, Math.max(0, call.remainingMs()), longestSendMs),
  })
  return may === true
}

/** What a send without deadline is taken to last at most, where the life of the key is at stake. */
const longestSendMs = 30_000
const maxTimerMs = 2 ** 31 - 1
