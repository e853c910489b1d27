import { OncewardError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Ledger } from './context.ts'
import type { Entry } from './entry.ts'
import type { Guarded } from './guarded.ts'
import { type Outcome, replayOf } from './outcome.ts'
import { askTarget, didNotHappen, resolveEntry } from './resolve.ts'
import type { Takeover } from './rules.ts'
import { askAbout, heedRecall, type Known, pause } from './young-epoch.ts'

/** A row that somebody else's claim made, and the store's clock when it was read. */
export interface Seen {
  readonly entry: Entry
  readonly nowMs: number
}

/** What comes of an entry that this call does not own. */
export type Considered =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  /** Take it over, if it is still this row and this epoch; `known` is what came of it in one that was lost. */
  | {
      readonly kind: 'take'
      readonly entry: Entry
      readonly takeover: Takeover
      readonly epoch: number
      readonly known?: Known
    }
  /** It changed meanwhile; claim as if nothing were known. */
  | { readonly kind: 'afresh' }

const lockedMs = 250

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
  let isAsked = false
  for (let polls = 0; ; polls += 1) {
    const { entry, nowMs } = seen
    const epoch = ledger.recalling?.epoch ?? 0
    const decided = ledger.rules.decide(entry, caller, nowMs)
    const verdict = heedRecall(ledger, decided, { ...call.operation, entry, nowMs })
    switch (verdict.kind) {
      case 'run':
        if (polls > 0 || refusals === 0) return { kind: 'take', entry, takeover: verdict.takeover, epoch }
        break
      case 'ask-first': {
        const answer = isAsked ? 'unknown' : await askAbout(guarded, entry)
        isAsked = true
        if (answer !== 'unknown') return { kind: 'take', entry, takeover: verdict.takeover, epoch, ...answer }
        break
      }
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
    const retryAfterMs = verdict.kind === 'wait' ? verdict.retryAfterMs : lockedMs
    const isRecall = verdict.kind === 'ask-first' || (verdict.kind === 'wait' && verdict.why === 'recall')
    if (polls === 0 && refusals <= 1) tellOfWait(ledger, entry, isRecall ? retryAfterMs : undefined)
    const next = await wait(guarded, entry, { retryAfterMs, tries: polls + refusals })
    if (next === 'late') return { kind: 'done', outcome: inProgress(entry, retryAfterMs, isRecall) }
    if (next === 'gone') return { kind: 'afresh' }
    seen = next
  }
}

function inProgress(entry: Entry, retryAfterMs: number, isRecall: boolean): Outcome {
  return { kind: 'in-progress', entry, retryAfterMs, ...(isRecall ? { why: 'recall' } : {}) }
}

function tellOfWait({ events }: Ledger, entry: Entry, recallAfterMs: number | undefined): void {
  if (recallAfterMs === undefined) events.emit('waiting', entry, { verdict: 'wait', local: false })
  else events.emit('recall_awaited', entry, { retryAfterMs: recallAfterMs })
}

/** Others are polled for with a capped, jittered pause (rule 12), never past the caller's patience. */
async function wait(
  guarded: Guarded,
  entry: Entry,
  at: { retryAfterMs: number; tries: number },
): Promise<Seen | 'late' | 'gone'> {
  const { ledger } = guarded
  if ((await pause(guarded, at)) === 'late') return 'late'
  const { result, nowMs } = await ledger.lanes.read.ask(entry.ref, ledger.options.storeTimeoutMs)
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
  const epoch = ledger.recalling?.epoch ?? 0
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
        epoch,
        takeover: { raisesAttempt: true, round, earlierUnknown: false, keepsFirstSend: false },
      }
    }
  }
}
