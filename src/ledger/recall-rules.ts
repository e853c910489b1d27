import { birthEpoch, type Entry } from './entry.ts'
import { frozenSafety, type RecallAbout, type RecallRules, type Verdict, type YoungMoment } from './rules.ts'

/*
 * The decisions of recall, as pure functions (docs/decisions/013). They come with the stores that can lose what they
 * acknowledged.
 */

/**
 * In a young epoch others may not have asserted yet what they were acknowledged before it: what a row says that is
 * absent, or of an older epoch, may have been overtaken. Keyed and transactional work goes on all the same.
 */
export function awaitRecall(
  verdict: Verdict,
  entry: Pick<Entry, 'epoch' | 'claimedEpoch' | 'safety' | 'steps'> | undefined,
  { safety: given, steps, leaseMs, nowMs, young }: RecallAbout & { readonly young: YoungMoment },
): Verdict {
  if (verdict.kind !== 'run' && verdict.kind !== 'enter-doubt' && verdict.kind !== 'ask') return verdict
  if (entry !== undefined && birthEpoch(entry) >= young.epoch) return verdict
  const safety = entry === undefined ? given : frozenSafety(entry.safety, given)
  // A step may have any safety, whatever its operation has.
  const isStepped = steps || entry?.steps !== undefined
  if (!isStepped && (safety.kind === 'keyed' || safety.kind === 'transactional')) return verdict
  const { beganAtMs, untilMs } = young
  if (nowMs >= untilMs) return verdict
  const canAsk = !isStepped && safety.kind === 'verifiable' && safety.verify !== undefined
  if (!canAsk || verdict.kind === 'enter-doubt') return waitUntil(untilMs, nowMs)
  // As for a lease that has lapsed: what is at work on a lease of the epoch before may send for so long.
  const noFromMs = Math.min(beganAtMs + leaseMs + safety.settleMs, untilMs)
  if (verdict.kind === 'ask') return nowMs < noFromMs ? waitUntil(noFromMs, nowMs) : verdict
  // A yes is one at any time.
  const askFromMs = Math.min(beganAtMs + safety.settleMs, untilMs)
  if (nowMs < askFromMs) return waitUntil(askFromMs, nowMs)
  const believesNo = nowMs >= noFromMs
  const retryAfterMs = (believesNo ? untilMs : noFromMs) - nowMs
  return { kind: 'ask-first', takeover: verdict.takeover, believesNo, retryAfterMs }
}

function waitUntil(untilMs: number, nowMs: number): Verdict {
  return { kind: 'wait', retryAfterMs: untilMs - nowMs, why: 'recall' }
}

/** What is asserted again in a new epoch: never the end of a transaction, which lives and dies with the user's rows. */
export function remembers({ safety, state }: Pick<Entry, 'safety' | 'state'>): boolean {
  return safety !== 'transactional' || state === 'claimed' || state === 'started'
}

export const recallRules: RecallRules = { awaitRecall, remembers }
