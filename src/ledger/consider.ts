import { OncewardError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { delay, fullJitterMs } from '../kernel/runtime.ts'
import { type Answer, ask } from './ask.ts'
import type { Call } from './door.ts'
import type { Entry } from './entry.ts'
import type { Guarded } from './guarded.ts'
import { type Outcome, replayOf } from './outcome.ts'
import { askTarget, didNotHappen, resolveEntry } from './resolve.ts'
import type { Takeover, Verdict } from './rules.ts'
import type { Verify } from './safety.ts'

/** A row that somebody else's claim made, or that there is none, and the store's clock when it was read. */
export interface Seen {
  readonly entry: Entry | undefined
  readonly nowMs: number
}

/** What comes of an entry that this call does not own. */
export type Considered =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | ({ readonly kind: 'take' } & Decided)
  /** It changed meanwhile; claim as if nothing were known. */
  | { readonly kind: 'afresh' }

/** Take it over, if it is still this row (or there is still none) and this epoch. */
export interface Decided {
  readonly entry: Entry | undefined
  readonly takeover: Takeover
  readonly epoch: number
  /** The effect has happened, in an epoch that was lost: what the target says came of it. */
  readonly known?: { readonly value: unknown } | undefined
}

const pollBounds = { baseMs: 10, capMs: 250 }

export interface Considering {
  /** Token of this call's claims. */
  readonly owner: string
  /** How often in a row the store has not let this call take over this very row: a transaction has it locked. */
  readonly refusals: number
}

const firstRun: Verdict = {
  kind: 'run',
  takeover: { raisesAttempt: true, round: 0, earlierUnknown: false, keepsFirstSend: false },
}

/** Acts on the verdict about an entry: waits, replays, refuses, asks the target, or says what may be taken over. */
export function consider(
  guarded: Guarded,
  seen: Seen,
  considering: Considering,
): Considered | Promise<Considered> {
  const verdict = judge(guarded, seen, considering.owner)
  if (verdict.kind === 'replay')
    return { kind: 'done', outcome: replayOf(guarded.ledger, seen.entry as Entry) }
  return act(guarded, { ...seen, verdict }, considering)
}

/** What may be done with the entry as it was seen. */
function judge({ ledger, call }: Guarded, { entry, nowMs }: Seen, owner: string): Verdict {
  const { rules, recalling } = ledger
  const { safety, steps, leaseMs } = call.operation
  const caller = { fingerprint: call.identity.fingerprint, owner, safety }
  const decided = entry === undefined ? firstRun : rules.decide(entry, caller, nowMs)
  return recalling?.heed(decided, entry, { safety, steps, leaseMs, nowMs }) ?? decided
}

async function act(
  guarded: Guarded,
  first: Seen & { readonly verdict: Verdict },
  { owner, refusals }: Considering,
): Promise<Considered> {
  const { ledger } = guarded
  const { recalling } = ledger
  let seen: Seen = first
  let { verdict } = first
  let asked = 0
  for (let polls = 0; ; polls += 1) {
    const entry = seen.entry as Entry
    const epoch = recalling?.epoch ?? 0
    switch (verdict.kind) {
      case 'run':
        if (polls > 0 || refusals === 0) return { kind: 'take', entry, takeover: verdict.takeover, epoch }
        break
      case 'ask-first': {
        // Once for a yes, and once for a no that is believed.
        const { takeover, believesNo } = verdict
        if (asked > (believesNo ? 1 : 0)) break
        asked = believesNo ? 2 : 1
        const answer = await askAbout(guarded, seen.entry)
        if (answer.happened === true)
          return { kind: 'take', entry, takeover, epoch, known: { value: answer.value } }
        if (answer.happened === false && believesNo) return { kind: 'take', entry, takeover, epoch }
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
    const retryAfterMs = 'retryAfterMs' in verdict ? verdict.retryAfterMs : pollBounds.capMs
    const isRecall = verdict.kind === 'ask-first' || (verdict.kind === 'wait' && verdict.why === 'recall')
    if (polls === 0 && refusals <= 1) tellOfWait(guarded, seen.entry, isRecall ? retryAfterMs : undefined)
    const next = await wait(guarded, { retryAfterMs, tries: polls + refusals })
    if (next === 'late') return { kind: 'done', outcome: inProgress(seen.entry, retryAfterMs, isRecall) }
    if (next.entry === undefined && recalling?.isYoung !== true) return { kind: 'afresh' }
    seen = next
    verdict = judge(guarded, seen, owner)
  }
}

function inProgress(entry: Entry | undefined, retryAfterMs: number, isRecall: boolean): Outcome {
  return { kind: 'in-progress', entry, retryAfterMs, ...(isRecall ? { why: 'recall' } : {}) }
}

function tellOfWait(
  { ledger, call }: Guarded,
  entry: Entry | undefined,
  recallAfterMs: number | undefined,
): void {
  const about = entry ?? call.identity
  if (recallAfterMs === undefined) ledger.events.emit('waiting', about, { verdict: 'wait', local: false })
  else ledger.events.emit('recall_awaited', about, { retryAfterMs: recallAfterMs })
}

/** The row as it is now. */
export async function look({ ledger, call }: Guarded): Promise<Seen> {
  const { result, nowMs } = await ledger.lanes.read.ask(call.identity.ref, ledger.options.storeTimeoutMs)
  return { entry: result, nowMs }
}

/** Others are polled for with a capped, jittered pause (rule 12), never past the caller's patience. */
async function wait(
  guarded: Guarded,
  at: { readonly retryAfterMs: number; readonly tries: number },
): Promise<Seen | 'late'> {
  const { ledger, call, waitUntilMs } = guarded
  const { runtime } = ledger.options
  const leftMs = waitUntilMs - runtime.monotonicMs()
  if (call.onConcurrent === 'reject' || leftMs <= 0 || ledger.running.isClosed) return 'late'
  const pauseMs = Math.max(fullJitterMs(runtime, at.tries, pollBounds), 1)
  await delay(runtime, Math.min(pauseMs, at.retryAfterMs + 1, leftMs))
  return look(guarded)
}

/** Asks the target of a verifiable entry of which nothing, or too little, is known. */
async function askAbout({ ledger, call }: Guarded, entry: Entry | undefined): Promise<Answer> {
  const question = questionOf(call)
  if (question === undefined) return { happened: null, why: '' }
  const { settleMs, ...asked } = question
  const about = entry ?? { ...call.identity, round: 0 }
  return ask(ledger, { entry: about, timeoutMs: settleMs, ...asked })
}

/** What a caller's verifiable operation asks its target. */
function questionOf({
  operation,
  identity,
}: Call):
  | { readonly verify: Verify; readonly settleMs: number; readonly input: Json | undefined }
  | undefined {
  const { safety } = operation
  if (safety.kind !== 'verifiable' || safety.verify === undefined) return undefined
  const { verify, settleMs } = safety
  const { canonicalInput } = identity
  const input = canonicalInput === undefined ? canonicalInput : (JSON.parse(canonicalInput) as Json)
  return { verify, settleMs, input }
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
  const epoch = ledger.recalling?.epoch ?? 0
  const question = questionOf(call)
  if (question === undefined) return { kind: 'afresh' }
  const asked = await askTarget(ledger, entry, question)
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
