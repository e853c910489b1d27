import { workClaim, workSettle } from './database.ts'
import { settling } from './guard.ts'
import type { World } from './production.ts'
import { type Event, setWorker, spend, type State, type Stray } from './state.ts'

/** A worker dies and starts anew; messages that nobody waits for any more arrive. */
export function faultEvents(world: World, from: State, by: number): Event[] {
  const events: Event[] = []
  const worker = from.workers[by]
  if (worker === undefined) return events
  const { phase } = worker
  const hasSomething =
    phase.at !== 'idle' && (phase.at !== 'done' || from.budget.failovers + from.awaited > 0)
  if (from.budget.crashes > 0 && hasSomething) {
    const state = { ...from, residual: undefined }
    crash(state, by)
    events.push({ label: `w${by + 1} dies and starts anew`, state })
  }
  from.stray.forEach((stray, index) => {
    if (stray.worker !== by) return
    const state = { ...from, stray: from.stray.filter((_, at) => at !== index), residual: undefined }
    const write = { by, isDurable: true }
    const { kind } =
      stray.kind === 'claim'
        ? workClaim(world, state, { ...write, request: stray.request })
        : workSettle(world, state, { ...write, request: stray.request })
    events.push({ label: `a late ${stray.kind} of w${by + 1} arrives: ${kind}`, state })
  })
  return events
}

function crash(state: State, by: number): void {
  const worker = state.workers[by]
  if (worker === undefined) return
  spend(state, 'crashes')
  const { phase, callsLeft } = worker
  if (phase.at === 'claim' && phase.worked === undefined && worker.epoch === state.epoch)
    leave(state, { worker: by, kind: 'claim', request: phase.request })
  if (phase.at === 'settle' && worker.epoch === state.epoch)
    leave(state, { worker: by, kind: 'settle', request: phase.request })
  if ((state.dirty & (1 << by)) !== 0) state.isOrphaned = true
  if ((state.awaited & (1 << by)) !== 0) {
    state.excuse ??= 'worker-lost-with-primary'
    state.awaited &= ~(1 << by)
  }
  setWorker(state, by, {
    phase: { at: 'idle' },
    callsLeft: Math.max(callsLeft, 1),
    epoch: state.epoch,
    running: undefined,
    ended: undefined,
  })
}

function leave(state: State, stray: Stray): void {
  state.stray = [...state.stray, stray]
}

/** The guard's `abandon`: a claim that was not acknowledged may have come about, and is given back. */
export function abandon(state: State, by: number): void {
  const phase = state.workers[by]?.phase
  if (phase?.at !== 'claim') return
  const { expect, ref, owner } = phase.request
  const attempt = (expect?.attempt ?? 0) + (expect?.raisesAttempt === false ? 0 : 1)
  const earlierUnknown = expect?.earlierUnknown ?? false
  const settlement = {
    to: earlierUnknown ? 'claimed' : 'released',
    round: expect?.round ?? 0,
    earlierUnknown,
    endsLease: true,
    error: { code: 'CLAIM_ABANDONED', message: '' },
  } as const
  const request = settling({ ref, owner, attempt }, settlement, { ownerWrite: 1 })
  leave(state, { worker: by, kind: 'claim', request: phase.request })
  leave(state, { worker: by, kind: 'settle', request })
}
