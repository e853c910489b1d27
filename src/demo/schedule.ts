import { readFileSync } from 'node:fs'
import { sample, seededRandom } from '../testing/random.ts'

export const effectKinds = ['charge', 'dispatch', 'mail'] as const
export type EffectKind = (typeof effectKinds)[number]
export type ByEffect<T> = Readonly<Record<EffectKind, T>>

export function forEachEffect<T>(make: (kind: EffectKind) => T): ByEffect<T> {
  return { charge: make('charge'), dispatch: make('dispatch'), mail: make('mail') }
}

/** Kill the worker that asked for this effect, before the peer carries it out or after (and before it answers). */
export interface ScheduledKill {
  readonly order: string
  readonly effect: EffectKind
  readonly moment: 'before' | 'after'
}

/** What goes wrong. Written to a file before either half starts, and read by the peers and the clients of both. */
export interface FaultSchedule {
  readonly seed: number
  readonly orders: number
  /** Orders whose first charge the payment provider answers two seconds late. */
  readonly slow: readonly string[]
  /** Orders that are sent twice, 40 ms apart, to two workers. */
  readonly doubleClicks: readonly string[]
  readonly kills: readonly ScheduledKill[]
}

const slowShare = 0.04
const doubleClickShare = 0.04
const ordersPerKill = 200
const maxKillsPerEffect = 4
/** Kills fall into this first part of the orders, so that the last ones recover while others are still on. */
const killPart = 0.9

/** Draws the faults from the seed. No order gets more than one kind of fault, so that each can be told apart. */
export function makeSchedule(orderIds: readonly string[], seed: number): FaultSchedule {
  const random = seededRandom(seed)
  const count = orderIds.length
  const perEffect = Math.min(maxKillsPerEffect, Math.max(1, Math.round(count / ordersPerKill)))
  const victims = spread(
    orderIds.slice(0, Math.ceil(count * killPart)),
    perEffect * effectKinds.length,
    random,
  )
  const kills = victims.map((order, index): ScheduledKill => {
    const effect = effectKinds[index % effectKinds.length] as EffectKind
    const round = Math.floor(index / effectKinds.length)
    return { order, effect, moment: round % 2 === 0 ? 'after' : 'before' }
  })
  const others = orderIds.filter((id) => !victims.includes(id))
  const slowCount = Math.ceil(count * slowShare)
  const chosen = sample(others, slowCount + Math.ceil(count * doubleClickShare), random)
  return {
    seed,
    orders: count,
    slow: chosen.slice(0, slowCount),
    doubleClicks: chosen.slice(slowCount),
    kills,
  }
}

/** One item of each of `parts` stretches: kills close together would leave no worker standing. */
function spread(items: readonly string[], parts: number, random: () => number): readonly string[] {
  const size = items.length / Math.min(parts, items.length)
  const drawn: string[] = []
  for (let at = 0; Math.round(at) < items.length && drawn.length < parts; at += size) {
    const stretch = items.slice(Math.round(at), Math.round(at + size))
    const item = stretch[Math.floor(random() * stretch.length)]
    if (item !== undefined) drawn.push(item)
  }
  return drawn
}

export function readSchedule(path: string): FaultSchedule {
  return JSON.parse(readFileSync(path, 'utf8')) as FaultSchedule
}
