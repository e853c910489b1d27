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

/** Sends a call until it is answered, or may or need not be sent again. */
export async function tryCall<End extends AttemptEnd>(
  core: ClientCore,
  call: UnaryCall<End>,
  key: string | undefined,
): Promise<Tried<End>> {
  const { options, runtime, rules } = core
  const budget = sharedBudget(runtime, call.destination())
  budget.countCall()
  const firstSentAtMs = runtime.monotonicMs()
  let hadUnknown = false
  for (let attempts = 1; ; attempts += 1) {
    const end = await call.send(key, options.timeoutMs)
    const outcome = rules.outcomeOf(end)
    const tried = { end, outcome: rules.outcomeOfAll(outcome, hadUnknown), attempts }
    const waitMs = waitAfter(core, call, { key, end, outcome, attempts, firstSentAtMs, hadUnknown })
    if (waitMs === undefined || !budget.take(rules, options.budget)) return tried
    await delay(runtime, waitMs, call.signal)
    if (call.signal.aborted) return tried
    hadUnknown ||= outcome === 'unknown'
  }
}

interface SoFar {
  readonly key: string | undefined
  readonly end: AttemptEnd
  readonly outcome: GrpcOutcome
  readonly attempts: number
  readonly firstSentAtMs: number
  readonly hadUnknown: boolean
}

/** How long to wait for the next try; `undefined` where there is to be none. */
function waitAfter(core: ClientCore, call: UnaryCall<AttemptEnd>, soFar: SoFar): number | undefined {
  const { options, runtime, rules } = core
  const { end, outcome, attempts } = soFar
  const pushback = rules.pushbackOf(end.pushback)
  const isOver = attempts >= options.retry.attempts || call.signal.aborted || pushback === 'stop'
  if (isOver || !rules.isWorthAnother(end, outcome)) return undefined
  const remainingMs = call.remainingMs()
  const may = rules.mayResend({
    isSafe: call.isSafe,
    isKeyed: soFar.key !== undefined,
    isSpent: false,
    mayHaveArrived: outcome !== 'not-sent' || soFar.hadUnknown,
    keyAgeMs: runtime.monotonicMs() - soFar.firstSentAtMs,
    keyLifetimeMs: options.keyLifetimeMs,
    timeoutMs: Math.min(options.timeoutMs, remainingMs, longestSendMs),
  })
  if (may !== true) return undefined
  const wait = rules.waitBefore({
    backoffMs: fullJitterMs(runtime, attempts - 1, options.retry),
    retryAfterMs: pushback,
    remainingMs,
  })
  return wait.kind === 'wait' && wait.waitMs <= maxTimerMs ? wait.waitMs : undefined
}

/** What a send without deadline is taken to last at most, where the life of the key is at stake. */
const longestSendMs = 60_000
const maxTimerMs = 2 ** 31 - 1
