import { type Entry, type Fence, fenceOf } from '../ledger/entry.ts'
import type { OncewardEvent } from '../ledger/events.ts'
import { type InvariantId, invariantIds } from '../testing/invariant-ids.ts'
import { eventsOf, type KeyHistory, rowAt } from './history.ts'
import type { Answer } from './worker-protocol.ts'
import { effectName, type WorkValue } from './workloads.ts'

/*
 * The invariants of a drill, each a pure function over what is known of one key. Effects are counted at their target,
 * never in the ledger.
 */

export interface Violation {
  readonly invariant: InvariantId
  readonly key: string
  readonly what: string
}

/** `reached` is false where the history has nothing that the invariant could have been broken by. */
export interface Checked {
  readonly reached: boolean
  readonly broken: readonly string[]
}

export interface Bounds {
  /** L1: the longest that a call may take once the faults are over. */
  readonly recoveryMs: number
}

const held = (reached: boolean): Checked => ({ reached, broken: [] })

/** I1: at most one effect for each part of a key, whatever keys they were sent under. */
function atMostOneEffect(history: KeyHistory): Checked {
  const broken = history.parts.flatMap((part) => {
    const found = effectsNamed(history, effectName(history.key, part))
    return found.length > 1
      ? [`${effectName(history.key, part)} happened ${found.length} times (${found.join(', ')})`]
      : []
  })
  return { reached: history.effects.length > 0, broken }
}

function effectsNamed(history: KeyHistory, name: string): readonly string[] {
  return history.effects.filter((effect) => effect.name === name).map((effect) => effect.effectId)
}

function answersOf(history: KeyHistory): readonly Answer[] {
  return [...history.answersBefore, ...history.answers]
}

/** What callers were told had succeeded. A receipt with an error tells of something else. */
function acknowledged(history: KeyHistory): readonly WorkValue[] {
  return answersOf(history)
    .filter(isSuccess)
    .map(({ receipt }) => receipt?.value as WorkValue)
}

/** The effects that callers were told of, by their names at the target, and when the first was. */
export function acknowledgedNames(history: KeyHistory): {
  readonly at: string
  readonly names: readonly string[]
} {
  const [first] = answersOf(history).filter(isSuccess)
  if (first === undefined) return { at: '', names: [] }
  const names = history.parts.map((part) => effectName(history.key, part))
  // A person may have decided for less than all of them.
  const told = wasDecided(history) ? names.filter((name) => effectsNamed(history, name).length > 0) : names
  return { at: first.at, names: told }
}

function isSuccess({ receipt }: Answer): boolean {
  return receipt?.state === 'succeeded' && receipt.error === undefined
}

function wasDecided(history: KeyHistory): boolean {
  return history.rows.some(
    ({ entry }) =>
      entry?.state === 'succeeded' &&
      entry.resolution !== undefined &&
      entry.resolution.by !== 'verify' &&
      // One that let it run again is older than its end.
      entry.resolution.atMs === entry.finishedAtMs,
  )
}

/** I2: what was acknowledged exists, all of it (a person may have decided for less); what failed for good does not. */
function acknowledgedExists(history: KeyHistory): Checked {
  const { names } = acknowledgedNames(history)
  const absent = names.filter((name) => effectsNamed(history, name).length === 0)
  const hasFailed = answersOf(history).some(({ receipt }) => receipt?.state === 'failed')
  const broken = absent.map((name) => `acknowledged, but ${name} never happened`)
  if (hasFailed && history.effects.length > 0)
    broken.push('a caller was told that it had failed for good, and it happened')
  return { reached: names.length > 0 || hasFailed, broken }
}

/** I3: all answers are equal to the byte and name effects that the target has. */
function replaysAreEqual(history: KeyHistory): Checked {
  const texts = new Set(acknowledged(history).map((value) => JSON.stringify(value)))
  const broken = texts.size > 1 ? [`the answers differ: ${[...texts].join(' and ')}`] : []
  const real = new Set(history.effects.map((effect) => effect.effectId))
  const unreal = acknowledged(history).flatMap((value) =>
    (value?.effectIds ?? ['none']).filter((id) => !real.has(id)),
  )
  return {
    reached: history.answers.some(
      ({ receipt }) => receipt?.replayed === true && receipt.state === 'succeeded',
    ),
    broken: [
      ...broken,
      ...new Set(unreal.map((id) => `an answer names the effect ${id}, which its target does not have`)),
    ],
  }
}

function compareFences(a: Fence, b: Fence): number {
  return a.epoch === b.epoch ? a.attempt - b.attempt : a.epoch - b.epoch
}

const show = (fence: Fence): string => `(${fence.epoch}, ${fence.attempt})`

/** I4: every takeover raises the fence, rows never fall back, and nothing older is written behind a takeover. */
function fencesRise(history: KeyHistory): Checked {
  const claims = eventsOf(history, 'claimed').map((event) => event.fence)
  // A worker that stood still tells of its claim late, so the order of events is not the order of claims.
  const twice = claims.filter((fence, index) =>
    claims.some((other, at) => at < index && compareFences(fence, other) === 0),
  )
  const falls = twice.map((fence) => `two claims got the fence ${show(fence)}`)
  const rows = history.rows.flatMap(({ entry }) => (entry === undefined ? [] : [fenceOf(entry)]))
  const rowFalls = rows.flatMap((fence, index) => {
    const before = rows[index - 1]
    return before !== undefined && compareFences(fence, before) < 0
      ? [`the row fell from ${show(before)} to ${show(fence)}`]
      : []
  })
  const { isForked = false } = history
  const ends = eventsOf(history, 'succeeded').map((event) => event.fence)
  const overtaken = ends.flatMap((end) =>
    claims
      .filter((claim) => compareFences(claim, end) > 0 && (!isForked || claim.epoch === end.epoch))
      .map((claim) => `${show(claim)} was claimed although ${show(end)} had succeeded`),
  )
  return { reached: claims.some(({ attempt }) => attempt > 1), broken: [...falls, ...rowFalls, ...overtaken] }
}

/** Whether the row says that an effect of a target that knows nothing may have begun, and not how it ended. */
function isBlindlyOpen(history: KeyHistory, entry: Entry | undefined): boolean {
  if (entry?.state !== 'started') return false
  const isPlain = history.parts.every((part) => part.step === '')
  if (isPlain) return entry.safety === 'blind'
  return (entry.steps?.steps ?? []).some((step) => step.state === 'started' && step.safety === 'blind')
}

/** What may end a doubt besides its owner's outcome: a decision or an answer, or its owner saying that it did not begin. */
function evidenceOf(history: KeyHistory): readonly OncewardEvent[] {
  return history.events.filter(({ type }) => type === 'resolved' || type === 'released')
}

/** I5: a blind effect that may have begun ends in doubt, and nothing runs it before a person has decided. */
function blindIsNotRetried(history: KeyHistory): Checked {
  const crashed = rowAt(history, 'after-fault')
  if (crashed === undefined || !isBlindlyOpen(history, crashed)) return held(false)
  const decidedAtUs = evidenceOf(history)[0]?.atUs ?? Number.POSITIVE_INFINITY
  const reruns = eventsOf(history, 'effect_started').filter(
    (event) => event.fence.attempt > crashed.attempt && event.atUs < decidedAtUs,
  )
  const after = rowAt(history, 'after-recovery')
  const broken =
    after?.state === 'in_doubt'
      ? []
      : [`a blind effect may have begun, and the entry is ${after?.state ?? 'gone'} instead of in doubt`]
  return {
    reached: true,
    broken: [
      ...broken,
      ...reruns.map(({ fence }) => `attempt ${show(fence)} ran it again with nobody's decision`),
    ],
  }
}

/** I6: the key keeps one fingerprint, and a call with another input is refused. */
function oneFingerprint(history: KeyHistory): Checked {
  const prints = new Set(
    history.rows.flatMap(({ entry }) => (entry === undefined ? [] : [entry.fingerprint])),
  )
  const broken = prints.size > 1 ? [`the row had ${prints.size} fingerprints`] : []
  const codes = (history.otherInputs ?? []).map(({ thrown, receipt }) => thrown?.code ?? receipt?.state)
  const taken = codes.filter((code) => code !== 'KEY_REUSED')
  return {
    reached: prints.size > 0 || codes.length > 0,
    broken: [...broken, ...taken.map((code) => `another input under the key was answered with ${code}`)],
  }
}

const terminal: readonly string[] = ['succeeded', 'failed', 'tombstone']

/** I7: what has ended stays as it is; a doubt ends with evidence only. */
function endsAreFinal(history: KeyHistory): Checked {
  const rows = history.rows.flatMap(({ moment, entry }) => (entry === undefined ? [] : [{ moment, entry }]))
  // The row forgets a decision when the work is taken up again; the event stays.
  const hasEvidence = evidenceOf(history).length > 0
  const broken = rows.flatMap(({ moment, entry }, index) => {
    const before = rows[index - 1]?.entry
    if (before === undefined) return []
    if (terminal.includes(before.state) && contentOf(before) !== contentOf(entry))
      return [`${moment}: an entry that had ${before.state} changed`]
    const isOwners =
      before.owner === entry.owner &&
      before.attempt === entry.attempt &&
      entry.settledDigest !== before.settledDigest
    if (before.state === 'in_doubt' && entry.state !== 'in_doubt' && !hasEvidence && !isOwners) {
      return [`${moment}: a doubt ended as ${entry.state} without evidence`]
    }
    return []
  })
  const crashed = rowAt(history, 'after-fault')
  if (history.answersBefore.some(isSuccess) && crashed?.state !== 'succeeded') {
    broken.push(`a caller was told of success, and the fault left the entry ${crashed?.state ?? 'absent'}`)
  }
  return {
    reached: rows.some(({ entry }, index) => terminal.includes(entry.state) && index < rows.length - 1),
    broken,
  }
}

function contentOf(entry: Entry): string {
  const { state, attempt, epoch, fingerprint, finishedAtMs, valueKept, error } = entry
  return JSON.stringify([
    state,
    attempt,
    epoch,
    fingerprint,
    finishedAtMs,
    valueKept,
    error,
    entry.value === undefined ? null : Buffer.from(entry.value).toString('hex'),
  ])
}

/** I8: in doubt only where the fault fell between the start and the outcome of a blind effect. */
function doubtNeedsCause(history: KeyHistory): Checked {
  // Not by events: an answer "it did not happen" takes an entry through a doubt that nobody gets to see.
  const answers = history.mayDoubt === 'never' ? answersOf(history) : history.answers
  const hasDoubt =
    history.rows.some(({ entry }) => entry?.state === 'in_doubt') ||
    answers.some(({ receipt }) => receipt?.state === 'in_doubt')
  if (!hasDoubt) return held(false)
  const crashed = rowAt(history, 'after-fault')
  if (history.mayDoubt === 'never')
    return { reached: true, broken: ['in doubt, although nothing has happened that could excuse it'] }
  const isCaused =
    history.mayDoubt === 'anywhere' || isBlindlyOpen(history, crashed) || crashed?.state === 'in_doubt'
  return {
    reached: true,
    broken: isCaused ? [] : [`in doubt, although the fault left the entry ${crashed?.state ?? 'absent'}`],
  }
}

/** L1: once the faults are over, every key ends within the bound, or is in doubt for a person to decide. */
function endsInTime(history: KeyHistory, bounds: Bounds): Checked {
  const after = rowAt(history, 'after-recovery')
  const allowed = [...terminal, 'in_doubt']
  const broken = allowed.includes(after?.state ?? '')
    ? []
    : [`after recovery the entry is ${after?.state ?? 'absent'}`]
  const slow = history.answers.filter((answer) => answer.tookMs > bounds.recoveryMs)
  const decided = history.rows.find((row) => row.moment === 'after-decision')
  const undecided =
    decided !== undefined && !terminal.includes(decided.entry?.state ?? '')
      ? [`after a decision the entry is ${decided.entry?.state}`]
      : []
  const errors = history.answers.flatMap(({ thrown }) =>
    thrown === undefined ? [] : [`a call was answered with ${thrown.code}: ${thrown.message}`],
  )
  return {
    reached: true,
    broken: [
      ...broken,
      ...undecided,
      ...errors,
      ...slow.map((answer) => `a call took ${Math.round(answer.tookMs)} ms`),
    ],
  }
}

const checks: Readonly<Record<InvariantId, (history: KeyHistory, bounds: Bounds) => Checked>> = {
  I1: atMostOneEffect,
  I2: acknowledgedExists,
  I3: replaysAreEqual,
  I4: fencesRise,
  I5: blindIsNotRetried,
  I6: oneFingerprint,
  I7: endsAreFinal,
  I8: doubtNeedsCause,
  L1: endsInTime,
}

export type Verdicts = Readonly<Record<InvariantId, 'held' | 'broken' | 'not-reached'>>

/** Checks every invariant on every history. */
export function checkInvariants(
  histories: readonly KeyHistory[],
  bounds: Bounds,
): { readonly verdicts: Verdicts; readonly violations: readonly Violation[] } {
  const violations: Violation[] = []
  const verdicts = invariantIds.map((invariant) => {
    const checked = histories.map((history) => ({ history, ...checks[invariant](history, bounds) }))
    for (const { history, broken } of checked) {
      for (const what of broken)
        violations.push({ invariant, key: history.key, what: `${what} (${history.fault})` })
    }
    const verdict = checked.some(({ broken }) => broken.length > 0)
      ? 'broken'
      : checked.some(({ reached }) => reached)
        ? 'held'
        : 'not-reached'
    return [invariant, verdict] as const
  })
  return { verdicts: Object.fromEntries(verdicts) as Verdicts, violations }
}
