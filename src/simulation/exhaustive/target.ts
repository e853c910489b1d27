import type { At } from './guard.ts'
import { conclude, workerOf } from './guard.ts'
import {
  type Event,
  type Heard,
  keyLifetimeMs,
  report,
  spend,
  tickMs,
  type State,
  type WireRequest,
} from './state.ts'
import type { World } from './production.ts'

/*
 * The target: it counts its effects. A keyed one answers a key that it remembers with the effect that it has made.
 */

/** A request that is older than this has arrived, or never will. */
const requestLifeMs = tickMs

/** What may happen to a request that is under way, and to who waits for its answer. */
export function targetEvents(world: World, from: State): Event[] {
  const { budget, wire } = from
  const events: Event[] = []
  wire.forEach((request, index) => {
    const name = `the request of w${request.worker + 1}`
    const on = (label: string, change: (state: State) => void): void => {
      const state = { ...from, wire: wire.filter((_, at) => at !== index), residual: undefined }
      change(state)
      events.push({ label, state })
    }
    on(`${name} arrives: ${isNews(world, from, request) ? 'it happens' : 'the key is known'}`, (state) =>
      hear({ world, state, by: request.worker }, request, {
        kind: 'done',
        effect: happen(world, state, request),
      }),
    )
    if (budget.losses > 0 && isHeard(from, request))
      on(`${name} arrives, and its answer is lost`, (state) => {
        spend(state, 'losses')
        happen(world, state, request)
        hear({ world, state, by: request.worker }, request, { kind: 'unknown' })
      })
    if (budget.refusals > 0)
      on(`${name} arrives and is refused: it did not happen`, (state) => {
        spend(state, 'refusals')
        state.lastSend = 'no'
        hear({ world, state, by: request.worker }, request, { kind: 'no' })
      })
  })
  return events
}

function isNews({ options }: World, { keys }: State, { effectKey }: WireRequest): boolean {
  return options.safety !== 'keyed' || keys.every((key) => key.effectKey !== effectKey)
}

/** Gives the number of the effect. */
function happen(world: World, state: State, request: WireRequest): number {
  const known = state.keys.find(({ effectKey }) => effectKey === request.effectKey)
  if (known !== undefined && world.options.safety === 'keyed') return known.effect
  state.effects += 1
  const { effectKey } = request
  state.keys = [...state.keys, { effectKey, sinceMs: state.nowMs, effect: state.effects }]
  if (state.effects > 1) report(state, 'I1', `it has happened ${state.effects} times`)
  return state.effects
}

function isHeard(state: State, { worker, token }: WireRequest): boolean {
  const waiting = state.workers[worker]
  return waiting?.phase.at === 'run' && waiting.token === token
}

function hear(at: At, request: WireRequest, heard: Heard): void {
  const { phase } = workerOf(at)
  if (isHeard(at.state, request) && phase.at === 'run') conclude(at, phase.entry, heard)
}

/** A worker hears nothing of its request: it may still arrive, or has been lost. */
export function isUnderWay({ wire, workers }: State, by: number): boolean {
  return wire.some(({ worker, token }) => worker === by && token === workers[by]?.token)
}

/** A tick has passed: old requests are lost, and a target forgets its keys. */
export function ageTarget({ options }: World, state: State): void {
  state.wire = state.wire.filter(({ sentMs }) => state.nowMs - sentMs <= requestLifeMs)
  if (options.safety === 'keyed')
    state.keys = state.keys.filter(({ sinceMs }) => state.nowMs - sinceMs < keyLifetimeMs)
}

/** Whether the target knows of an effect under this key. */
export function answerOf({ keys }: State, key: string): number | undefined {
  return keys.find(({ effectKey }) => effectKey === key)?.effect
}
