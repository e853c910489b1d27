import type { Json } from '../kernel/json.ts'
import { delay, fullJitterMs } from '../kernel/runtime.ts'
import { ask } from './ask.ts'
import type { Ledger } from './context.ts'
import type { Call } from './door.ts'
import type { Entry } from './entry.ts'
import type { EventSubject } from './events.ts'
import type { Guarded } from './guarded.ts'
import type { Outcome } from './outcome.ts'
import type { Verdict } from './rules.ts'
import type { ParsedSafety } from './safety.ts'

const pollBounds = { baseMs: 10, capMs: 250 }

export interface Heeding {
  readonly safety: ParsedSafety
  readonly steps: boolean
  /** The store's clock. */
  readonly nowMs: number
}

/** The verdict, held back where the epoch is young and others may still recall what they know of the entry. */
export function heedRecall(
  ledger: Ledger,
  verdict: Verdict,
  { entry, ...about }: Heeding & { readonly entry: Entry | undefined },
): Verdict {
  const young = ledger.recalling?.young
  if (young === undefined) return verdict
  const { safety, steps, nowMs } = about
  return ledger.rules.awaitRecall(verdict, entry, { safety, steps, young: { ...young, nowMs } })
}

/** What is found out before a claim of an absent entry in a young epoch. */
export type BeforeInsert =
  /** It may be claimed; `value` is what the target says came of it, where it has happened. */
  | { readonly kind: 'insert'; readonly epoch: number; readonly known?: Known }
  | { readonly kind: 'seen'; readonly seen: { readonly entry: Entry; readonly nowMs: number } }
  | { readonly kind: 'done'; readonly outcome: Outcome }

/** The effect happened in an epoch that has been lost: the target says so. */
export interface Known {
  readonly value: unknown
}

const firstRun: Verdict = {
  kind: 'run',
  takeover: { raisesAttempt: true, round: 0, earlierUnknown: false, keepsFirstSend: false },
}

/** Looks first, and waits as long as somebody may recall the entry. */
export async function beforeInsert(guarded: Guarded): Promise<BeforeInsert> {
  const { ledger, call } = guarded
  const { ref } = call.identity
  let isAsked = false
  for (let tries = 0; ; tries += 1) {
    const { result: entry, nowMs } = await ledger.lanes.read.ask(ref, ledger.options.storeTimeoutMs)
    if (entry !== undefined) return { kind: 'seen', seen: { entry, nowMs } }
    const { epoch = 0, untilMs = nowMs } = ledger.recalling?.young ?? {}
    const { safety, steps } = call.operation
    const verdict = heedRecall(ledger, firstRun, { entry, safety, steps, nowMs })
    if (verdict.kind === 'run') return { kind: 'insert', epoch: ledger.recalling?.epoch ?? 0 }
    if (verdict.kind === 'ask-first' && !isAsked) {
      isAsked = true
      const answer = await askAbout(guarded, { ...call.identity, round: 0 })
      if (answer !== 'unknown') return { kind: 'insert', epoch, ...answer }
    }
    const retryAfterMs = verdict.kind === 'wait' ? verdict.retryAfterMs : untilMs - nowMs
    if (tries === 0) ledger.events.emit('recall_awaited', call.identity, { retryAfterMs })
    if ((await pause(guarded, { retryAfterMs, tries })) === 'late')
      return { kind: 'done', outcome: { kind: 'in-progress', entry, retryAfterMs, why: 'recall' } }
  }
}

/** Asks the target of a verifiable entry of which nothing, or too little, is known. */
export async function askAbout(
  { ledger, call }: { readonly ledger: Ledger; readonly call: Call },
  entry: EventSubject & { readonly round: number },
): Promise<{ readonly known?: Known } | 'unknown'> {
  const { safety } = call.operation
  if (safety.kind !== 'verifiable' || safety.verify === undefined) return 'unknown'
  const { canonicalInput } = call.identity
  const answer = await ask(ledger, {
    entry,
    verify: safety.verify,
    timeoutMs: safety.settleMs,
    ...(canonicalInput === undefined ? {} : { input: JSON.parse(canonicalInput) as Json }),
  })
  if (answer.happened === null) return 'unknown'
  return answer.happened ? { known: { value: answer.value } } : {}
}

/** A capped, jittered pause (rule 12), never past the caller's patience. */
export async function pause(
  { ledger, call, waitUntilMs }: Guarded,
  { retryAfterMs, tries }: { readonly retryAfterMs: number; readonly tries: number },
): Promise<'late' | 'on'> {
  const { runtime } = ledger.options
  const leftMs = waitUntilMs - runtime.monotonicMs()
  if (call.onConcurrent === 'reject' || leftMs <= 0 || ledger.running.isClosed) return 'late'
  const pauseMs = Math.max(fullJitterMs(runtime, tries, pollBounds), 1)
  await delay(runtime, Math.min(pauseMs, retryAfterMs + 1, leftMs))
  return 'on'
}
