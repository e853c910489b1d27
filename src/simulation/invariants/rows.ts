import type { Entry } from '../../ledger/entry.ts'
import { keys } from '../keys.ts'
import type { Change, Working } from '../server.ts'
import {
  type AttemptWatch,
  compareFences,
  endOf,
  type KeyWatch,
  showFence,
  textOf,
  type Watch,
} from '../watch.ts'

/*
 * What is checked whenever the database has written a row: I4, I5, I6, I7 and I8.
 */

interface Written {
  readonly watch: Watch
  readonly key: KeyWatch
  readonly before: Entry | undefined
  readonly after: Entry
  readonly working: Working
}

/** A row has been committed. */
export function onChange(watch: Watch, { ref, before, after }: Change, working: Working): void {
  const key = watch.keyOf(ref)
  if (key === undefined) return
  if (after === undefined) {
    watch.report('I7', key.key, `the row was deleted; it was ${before?.state ?? 'absent'}`)
    return
  }
  const written = { watch, key, before, after, working }
  fencesRise(written)
  if (before !== undefined) {
    ownersAreFenced(written, before)
    endsAreFinal(written, before)
    if (after.fingerprint !== before.fingerprint)
      watch.reportExcusable('I6', key.key, 'the row was given another fingerprint')
  }
  if (after.state === 'in_doubt' && before?.state !== 'in_doubt') doubtNeedsCause(written)
  if (after.state === 'succeeded') key.recorded.add(textOf(after))
}

/** I4: every claim raises the fence, and no write lowers it. I5: what a blind target may have been sent is not taken up. */
function fencesRise({ watch, key, before, after, working }: Written): void {
  if (before !== undefined && compareFences(after, before) < 0) {
    watch.reportExcusable('I4', key.key, `the row fell from ${showFence(before)} to ${showFence(after)}`)
  }
  if (working.method === 'recall') {
    if (compareFences(after, key.topFence) > 0) key.topFence = { epoch: after.epoch, attempt: after.attempt }
    return
  }
  const isNew = before?.owner !== after.owner || before.attempt !== after.attempt
  if (working.method !== 'claim' || !isNew) return
  if (compareFences(after, key.topFence) <= 0) {
    const [got, top] = [showFence(after), showFence(key.topFence)]
    watch.reportExcusable('I4', key.key, `a claim got the fence ${got}, and ${top} had been given before`)
  } else key.topFence = { epoch: after.epoch, attempt: after.attempt }
  if (before === undefined) {
    const input = keys[key.key]?.fingerprints.indexOf(after.fingerprint) ?? 0
    if (key.attempts.size > 0 && input !== key.input) watch.options.onOtherInput(key.key)
    key.input = input
  }
  if (before?.state === 'in_doubt')
    watch.report('I5', key.key, "an entry in doubt was taken up again with nobody's decision")
  if (before !== undefined && isBlindlyOpen(before))
    watch.report('I5', key.key, `a blind effect may have begun, and ${working.by.name} took it over`)
  key.attempts.set(after.owner, {
    owner: after.owner,
    machine: working.by,
    fence: { epoch: after.epoch, attempt: after.attempt },
    claimedAtMs: watch.options.nowMs(),
    ending: 'not-begun',
    isRecorded: false,
  })
}

/** The row says that an effect of a target that knows nothing may have begun, and not how it ended. */
function isBlindlyOpen(entry: Entry): boolean {
  if (entry.state !== 'started') return false
  if (entry.steps === undefined) return entry.safety === 'blind'
  return entry.steps.steps.some((step) => step.state === 'started' && step.safety === 'blind')
}

/** I4: an owner's write comes from the process that made the owner's claim. */
function ownersAreFenced({ watch, key, after, working }: Written, before: Entry): void {
  if (working.method !== 'settle' && working.method !== 'transaction') return
  const attempt = key.attempts.get(before.owner)
  if (attempt === undefined) return
  // Who only recognises what has ended writes no outcome (docs/decisions/016).
  const isRecognised = terminal.includes(before.state) && after.ownerWrite === before.ownerWrite
  if (attempt.machine !== working.by && !isRecognised) {
    const [by, owner] = [working.by.name, attempt.machine.name]
    watch.report('I4', key.key, `${by} wrote the outcome of an attempt that is ${owner}'s`)
  }
  if (after.state === 'succeeded' || after.state === 'failed' || after.state === 'released')
    attempt.isRecorded = true
}

const terminal: readonly string[] = ['succeeded', 'failed', 'tombstone']

/** I7: what has ended stays as it is; a doubt ends by its owner's outcome or with evidence. */
function endsAreFinal({ watch, key, after, working }: Written, before: Entry): void {
  if (terminal.includes(before.state)) {
    if (after.state === 'tombstone' && before.state !== 'tombstone') {
      const retainedUntilMs = (before.finishedAtMs ?? 0) + before.retainMs
      if (retainedUntilMs > watch.storeNowMs())
        watch.report('I7', key.key, 'a result was forgotten before its time')
    } else if (endOf(before) !== endOf(after)) {
      const what = `an entry that had ${before.state} became ${after.state}`
      if (working.method === 'recall' && watch.options.isConflict(working.by, key.key)) return
      if (working.method === 'recall') watch.reportExcusable('I7', key.key, what)
      else watch.report('I7', key.key, what)
    }
    return
  }
  if (before.state !== 'in_doubt' || after.state === 'in_doubt') return
  const isOwners = ['settle', 'transaction', 'recall'].includes(working.method)
  if (!isOwners && after.resolution === undefined)
    watch.report('I7', key.key, `a doubt ended as ${after.state} without evidence`)
}

/**
 * I8: in doubt only where something fell between the start and the outcome: the process that had claimed it died, stood
 * still or could not reach the store, its effect ended with an unknown outcome, or the target could not tell.
 */
function doubtNeedsCause({ watch, key, after, working }: Written): void {
  if (working.method === 'recall') key.hasDoubtCause = true
  if (key.hasDoubtCause) return
  const open = [...key.attempts.values()].filter((attempt) => !attempt.isRecorded)
  if (open.some(isDoubtful)) return
  const owner = key.attempts.get(after.owner)
  const whose = owner === undefined ? '' : ` (attempt of ${owner.machine.name}, ${owner.ending})`
  watch.reportExcusable('I8', key.key, `in doubt, although nothing stood between start and outcome${whose}`)
}

function isDoubtful(attempt: AttemptWatch): boolean {
  if (attempt.ending === 'unknown') return true
  return !attempt.machine.isAlive || attempt.machine.impairedAtMs >= attempt.claimedAtMs
}

const writingTakesMs = 100

/**
 * I8, when all faults are over: nothing stays in doubt whose only attempt without an end on record is its owner's, who
 * knows how it ended, has lived on, and could reach the store ever since (rule 3).
 */
export function doubtOutlivesNoOutcome(watch: Watch, key: KeyWatch, row: Entry | undefined): void {
  if (row?.state !== 'in_doubt') return
  const owner = key.attempts.get(row.owner)
  if (owner === undefined || owner.ending !== 'known' || owner.endedAtMs === undefined) return
  if ([...key.attempts.values()].some((attempt) => attempt !== owner && !attempt.isRecorded)) return
  // What has come to its end in this very moment is still being written.
  if (watch.options.nowMs() - owner.endedAtMs < writingTakesMs) return
  const { machine } = owner
  if (machine.isAlive && machine.impairedAtMs < owner.endedAtMs)
    watch.report('I8', key.key, `still in doubt, although ${machine.name} knows how it ended`)
}
