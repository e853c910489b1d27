import type { Entry } from '../../ledger/entry.ts'
import { type Phase, type State, tickMs, type Worker } from './state.ts'

/*
 * A state as a short text: two states with the same text are the same. Left out is what no decision looks at
 * (claimedAtMs beside firstPossibleSendAtMs, finishedAtMs, texts for people). Rows and workers are shared by many
 * states, so that theirs are kept.
 */

const entryTexts = new WeakMap<Entry, string>()
const workerTexts = new WeakMap<Worker, string>()

export function encode(state: State): string {
  const { budget, workers } = state
  let text = `${state.nowMs / tickMs}${state.epoch}${(state.beganAtMs ?? 0) / tickMs}|${entry(state.row)}|`
  if (budget.failovers > 0)
    text += `${state.standby === state.row ? '=' : entry(state.standby)}${state.standbyEffects}${state.dirty}${flag(state.isOrphaned)}`
  text += `|${state.effects}${state.awaited}${state.lastSend.charAt(0)}${flag(state.hasCause)}${state.given}${flag(state.isRecorded)}${flag(state.hasConflict)}${state.rowsTold.charAt(0)}${state.excuse?.charAt(7) ?? ''}|`
  for (const one of workers) {
    text += workerText(one)
    // What it remembers matters as long as it may have to be asserted.
    if (budget.failovers > 0 || one.epoch !== state.epoch)
      text += `!${entry(one.running)}!${entry(one.ended)}`
    text += ';'
  }
  for (const { worker, token, effectKey, sentMs } of state.wire)
    text += `${worker}${token}${effectKey.slice(0, 6)}${sentMs / tickMs},`
  text += '|'
  for (const { worker, kind, request } of state.stray)
    text += `${worker}${kind.charAt(0)}${request.owner}${kind === 'claim' ? expectText(request) : `${request.attempt}${request.to}`},`
  text += '|'
  for (const { effectKey, sinceMs } of state.keys) text += `${effectKey.slice(0, 6)}${sinceMs / tickMs}`
  return `${text}|${budget.crashes}${budget.lapses}${budget.losses}${budget.refusals}${budget.failovers}${state.topFence}`
}

function flag(is: boolean): string {
  return is ? '+' : '-'
}

function expectText({
  expect,
}: {
  readonly expect?: { readonly attempt: number; readonly rev: number } | undefined
}): string {
  return expect === undefined ? '' : `${expect.attempt}.${expect.rev}`
}

function entry(row: Entry | undefined): string {
  if (row === undefined) return ''
  const known = entryTexts.get(row)
  if (known !== undefined) return known
  const first = row.firstPossibleSendAtMs === undefined ? '' : row.firstPossibleSendAtMs / tickMs
  const text = `${row.state.slice(0, 2)}${row.owner}.${row.epoch}${row.attempt}.${row.rev}.${row.round}${row.ownerWrite}${row.leaseUntilMs / tickMs},${first},${flag(row.earlierUnknown)}${flag(row.error !== undefined)}${row.value?.[0] ?? ''}${row.settledDigest ?? ''}${row.claimedEpoch ?? ''}${row.fingerprint}`
  entryTexts.set(row, text)
  return text
}

function workerText(worker: Worker): string {
  const known = workerTexts.get(worker)
  if (known !== undefined) return known
  const { phase, token, callsLeft, epoch } = worker
  const text = `${token}${callsLeft}${epoch}${phaseText(phase)}`
  workerTexts.set(worker, text)
  return text
}

function phaseText(phase: Phase): string {
  switch (phase.at) {
    case 'idle':
    case 'poll':
      return phase.at.charAt(0)
    case 'claim': {
      const { request, worked, sinceMs, isKnown } = phase
      const answer =
        worked === undefined
          ? ''
          : `${worked.result.kind}${worked.nowMs / tickMs}${worked.result.kind === 'gone' ? '' : entry(worked.result.entry)}`
      const { expect } = request
      const takeover =
        expect === undefined
          ? ''
          : `${flag(expect.raisesAttempt)}${flag(expect.earlierUnknown)}${flag(expect.keepsFirstSend)}${expect.round}`
      return `c${expectText(request)}${takeover}${request.decidedIn ?? ''}.${sinceMs / tickMs}${flag(isKnown)}${answer}`
    }
    case 'ask':
      return `a${phase.epoch}${entry(phase.entry)}${phase.first === undefined ? '' : flag(phase.first.believesNo)}`
    case 'resolve':
      return `v${expectText(phase.request)}${phase.request.to}${phase.next}`
    case 'regain':
      return `g${phase.epoch}${entry(phase.entry)}`
    case 'run':
      return `r${phase.sinceMs / tickMs}${entry(phase.entry)}`
    case 'settle':
      return `s${entry(phase.entry)}${phase.request.digest}${phase.request.to}${flag(phase.isGivingBack)}`
    case 'commit-lost':
      return `l${entry(phase.entry)}${flag(phase.isRecognising)}`
    case 'done':
      // Nothing looks at what its caller was told.
      return 'd'
  }
}
