import { birthEpoch, type Entry } from './entry.ts'
import {
  type EpochBegan,
  frozenSafety,
  type RecallAbout,
  type RecallRules,
  type Restatable,
  type Verdict,
  type YoungMoment,
} from './rules.ts'

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

/** An answer to a write that named a lineage which has been left meanwhile is none: who gave it may be gone. */
export function believes(named: EpochBegan, stands: EpochBegan): boolean {
  return named === stands
}

/** The lease of what was acknowledged had lapsed when this epoch began: what is lost may be a takeover. */
export function mayBeTakenOver(acknowledged: Entry, { epoch, beganAtMs }: EpochBegan): boolean {
  return beganAtMs !== undefined && birthEpoch(acknowledged) < epoch && acknowledged.leaseUntilMs <= beganAtMs
}

/**
 * What an owner writes in `lineage` that was acknowledged its entry in an earlier epoch. Where that may have been taken
 * over, a failure speaks for its own attempt only (rule 2), and is left as unknown.
 */
export function restate<Q extends Restatable>(request: Q, acknowledged: Entry, lineage: EpochBegan): Q {
  const { safety, round, steps } = acknowledged
  const isFailure = request.to === 'failed' || (request.to === 'released' && request.round > round)
  if (!isFailure || safety === 'transactional' || !mayBeTakenOver(acknowledged, lineage)) return request
  const isBlind = safety === 'blind' && steps === undefined && request.steps === undefined
  return {
    ...request,
    to: isBlind ? 'in_doubt' : 'started',
    round,
    earlierUnknown: true,
    endsLease: true,
    why: 'The attempt failed, and another one may have been lost that had taken it over.',
  }
}

export const recallRules: RecallRules = { awaitRecall, remembers, believes, restate }
