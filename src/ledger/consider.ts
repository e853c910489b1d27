import { OncewardError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { delay, fullJitterMs } from '../kernel/runtime.ts'
import type { Entry } from './entry.ts'
import type { Guarded } from './guarded.ts'
import { type Outcome, replayOf } from './outcome.ts'
import { askTarget, didNotHappen, resolveEntry } from './resolve.ts'
import type { Takeover } from './rules.ts'

/** A row that somebody else's claim made, and the store's clock when it was read. */
export interface Seen {
  readonly entry: Entry
  readonly nowMs: number
}

/** What comes of an entry that this call does not own. */
export type Considered =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  /** Take it over, if it is still this row. */
  | { readonly kind: 'take'; readonly entry: Entry; readonly takeover: Takeover }
  /** It changed meanwhile; claim as if nothing were known. */
  | { readonly kind: 'afresh' }

const pollBounds = { baseMs: 10, capMs: 250 }

export interface Considering {
  /** Token of this call's claims. */
  readonly owner: string
  /** How often in a row the store has not let this call take over this very row: a transaction has it locked. */
  readonly refusals: number
}

/** Acts on the verdict about an entry: waits, replays, refuses, asks the target, or says what may be taken over. */
export async function consider(
  guarded: Guarded,
  first: Seen,
  { owner, refusals }: Considering,
): Promise<Considered> {
  const { ledger, call } = guarded
  const caller = { fingerprint: call.identity.fingerprint, owner, safety: call.operation.safety }
  let seen = first
  for (let polls = 0; ; polls += 1) {
    const { entry } = seen
    const verdict = ledger.rules.decide(entry, caller, seen.nowMs)
    switch (verdict.kind) {
      case 'run':
        if (polls > 0 || refusals === 0) return { kind: 'take', entry, takeover: verdict.takeover }
        break
      case 'replay':
        return { kind: 'done', outcome: replayOf(ledger, entry) }
      case 'refuse':
        throw new OncewardError(verdict.code, verdict.message, { details: { ref: entry.ref } })
      case 'doubt':
        return { kind: 'done', outcome: doubted(guarded, entry) }
      case 'enter-doubt':
        return enterDoubt(guarded, entry, verdict.why)
      case 'ask':
        return askFirst(guarded, entry)
    }
    // Rule 10: who has the row locked is at work on it, whatever its lease says.
    const retryAfterMs = verdict.kind === 'wait' ? verdict.retryAfterMs : pollBounds.capMs
    const isFirst = polls === 0 && refusals <= 1
    const next = await wait(guarded, entry, { retryAfterMs, tries: polls + refusals, isFirst })
    if (next === 'late') return { kind: 'done', outcome: { kind: 'in-progress', entry, retryAfterMs } }
    if (next === 'gone') return { kind: 'afresh' }
    seen = next
  }
}

/** Others are polled for with a capped, jittered pause (rule 12), never past the caller's patience. */
async function wait(
  guarded: Guarded,
  entry: Entry,
  at: { retryAfterMs: number; tries: number; isFirst: boolean },
): Promise<Seen | 'late' | 'gone'> {
  const { ledger, call, waitUntilMs } = guarded
  const { runtime, storeTimeoutMs } = ledger.options
  const leftMs = waitUntilMs - runtime.monotonicMs()
  if (call.onConcurrent === 'reject' || leftMs <= 0 || ledger.running.isClosed) return 'late'
  if (at.isFirst) {
    ledger.events.emit('waiting', entry, {
      verdict: 'wait',
      local: false,
    })
  }
  const pauseMs = Math.max(fullJitterMs(runtime, at.tries, pollBounds), 1)
  await delay(runtime, Math.min(pauseMs, at.retryAfterMs + 1, leftMs))
  const { result, nowMs } = await ledger.lanes.read.ask(entry.ref, storeTimeoutMs)
  return result === undefined ? 'gone' : { entry: result, nowMs }
}

function doubted(guarded: Guarded, entry: Entry): Outcome {
  guarded.ledger.events.emit('doubted', entry, { verdict: 'doubt' })
  return { kind: 'in-doubt', entry }
}

async function enterDoubt(guarded: Guarded, entry: Entry, why: string): Promise<Considered> {
  const doubt = await resolveEntry(guarded.ledger, entry, { to: 'in_doubt', why })
  return doubt === undefined ? { kind: 'afresh' } : { kind: 'done', outcome: doubted(guarded, doubt) }
}

/** Verifiable: yes → succeeded, no → run, unknown → in doubt. */
async function askFirst(guarded: Guarded, entry: Entry): Promise<Considered> {
  const { ledger, call } = guarded
  const { safety } = call.operation
  if (safety.kind !== 'verifiable' || safety.verify === undefined) return { kind: 'afresh' }
  const { verify, settleMs } = safety
  const { canonicalInput } = call.identity
  const input = canonicalInput === undefined ? {} : { input: JSON.parse(canonicalInput) as Json }
  const asked = await askTarget(ledger, entry, { verify, settleMs, ...input })
  switch (asked.kind) {
    case 'changed':
      return { kind: 'afresh' }
    case 'succeeded':
      return { kind: 'done', outcome: replayOf(ledger, asked.entry) }
    case 'in-doubt':
      return { kind: 'done', outcome: doubted(guarded, asked.entry) }
    case 'did-not-happen': {
      if (entry.state === 'in_doubt') {
        await resolveEntry(ledger, entry, { to: 'released', resolution: didNotHappen })
        return { kind: 'afresh' }
      }
      const { round } = entry
      return {
        kind: 'take',
        entry,
        takeover: { raisesAttempt: true, round, earlierUnknown: false, keepsFirstSend: false },
      }
    }
  }
}
