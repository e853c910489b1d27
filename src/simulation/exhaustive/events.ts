import type { World } from './production.ts'
import { isAlike } from './production.ts'
import { workRecall, replicate } from './database.ts'
import { faultEvents } from './faults.ts'
import { afresh } from './guard.ts'
import { phaseEvents } from './phases.ts'
import { type Event, recallWaitMs, setPhase, setWorker, spend, type State, tickMs } from './state.ts'
import { ageTarget, targetEvents } from './target.ts'

/** All that can happen next, in a fixed order: a trace is a list of places in it. */
export function eventsOf(world: World, from: State): Event[] {
  const events = targetEvents(world, from)
  for (let by = 0; by < from.workers.length; by += 1) {
    events.push(...callEvents(world, from, by))
    events.push(...phaseEvents(world, from, by))
    events.push(...faultEvents(world, from, by))
  }
  worldEvents(world, from, events)
  return events
}

/** A worker calls, or comes to a new epoch. */
function callEvents(world: World, from: State, by: number): Event[] {
  const worker = from.workers[by]
  if (worker === undefined) return []
  const events: Event[] = []
  if (worker.epoch !== from.epoch) {
    const state = { ...from, residual: undefined }
    const what = workRecall(world, state, by)
    setWorker(state, by, { epoch: state.epoch })
    state.awaited &= ~(1 << by)
    forgetAnswer(state, by)
    events.push({ label: `w${by + 1} hears of epoch ${from.epoch} and recalls: ${what}`, state })
  }
  const mayCall = worker.callsLeft > 0 && (worker.phase.at === 'idle' || worker.phase.at === 'done')
  const isInOrder = !isAlike(world) || from.workers.slice(0, by).every(({ token }) => token > 0)
  if (mayCall && isInOrder) {
    const state = { ...from, residual: undefined }
    setWorker(state, by, { token: worker.token + 1, callsLeft: worker.callsLeft - 1 })
    afresh({ world, state, by })
    events.push({ label: `w${by + 1} is called`, state })
  }
  return events
}

/** An answer of a lineage that has been left is none: the request is sent again. */
function forgetAnswer(state: State, by: number): void {
  const phase = state.workers[by]?.phase
  if (phase?.at !== 'claim' || phase.worked === undefined) return
  const { worked: _worked, ...unanswered } = phase
  setPhase(state, by, unanswered)
}

function worldEvents(world: World, from: State, events: Event[]): void {
  const { budget } = from
  const on = (label: string, change: (state: State) => void): void => {
    const state = { ...from, residual: undefined }
    change(state)
    events.push({ label, state })
  }
  if (budget.lapses > 0) on('time passes: half a lease', (state) => tick(world, state))
  if (budget.failovers === 0) return
  const isBehind = from.standby !== from.row || from.dirty !== 0
  if (world.options.replication === 'async' && isBehind) on('the standby catches up', replicate)
  on(isBehind ? 'failover: what the standby lacks is lost' : 'failover: nothing is lost', (state) =>
    failOver(world, state),
  )
}

function tick(world: World, state: State): void {
  const { hasCause } = state
  spend(state, 'lapses')
  state.hasCause = hasCause || state.row !== undefined
  state.nowMs += tickMs
  ageTarget(world, state)
  // Whoever has not told by now what it was acknowledged is too late.
  const isOver = state.beganAtMs !== undefined && state.nowMs >= state.beganAtMs + recallWaitMs
  if (isOver && state.awaited !== 0) state.excuse ??= 'worker-silent'
}

function failOver(world: World, state: State): void {
  spend(state, 'failovers')
  if (world.options.replication === 'async') {
    state.awaited = state.dirty
    if (state.isOrphaned) state.excuse ??= 'worker-lost-with-primary'
  }
  state.row = state.standby
  state.standby = undefined
  state.dirty = 0
  state.isOrphaned = false
  state.stray = []
  state.epoch += 1
  state.beganAtMs = state.nowMs
  if (world.options.safety !== 'transactional') return
  state.effects = state.standbyEffects
  if (state.effects > 0 || state.rowsTold === 'no') return
  if (world.options.replication === 'sync' && state.rowsTold === 'durable')
    state.breach ??= {
      invariant: 'I2',
      what: 'rows that were acknowledged are lost with a synchronous standby',
    }
  state.residual ??= world.options.replication === 'sync' ? 'read-before-durable' : 'transactional-rows-lost'
  state.given = 0
  state.rowsTold = 'no'
}
