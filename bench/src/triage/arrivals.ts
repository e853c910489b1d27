import type { Row } from './case.ts'
import type { Intent } from './traffic.ts'
import type { World } from './world.ts'

/** Something asked for, the first time or again, where a check for repeats stands at the door. */
export interface Arrival {
  readonly intent: Intent
  readonly at: number
  readonly attempt: number
  readonly endpoint?: string
  /** The check knew it and turned it away. */
  readonly isSkipped: boolean
}

/** All that was not turned away was done. */
export function effectsOf(world: World, found: readonly Arrival[]): readonly Row[] {
  return found
    .filter(({ isSkipped }) => !isSkipped)
    .map(({ intent, at }) => world.effect(intent, { at: at + intent.durationMs }))
}

/** The door answers repeats from what it kept, with 200 instead of 201 and within `keptMs`. */
export function callsOf(
  world: World,
  found: readonly Arrival[],
  keptMs: readonly [number, number],
): readonly Row[] {
  return found.map(({ intent, at, attempt, endpoint, isSkipped }) =>
    world.request(intent, {
      at,
      ...(endpoint === undefined ? {} : { endpoint }),
      attempt,
      status: isSkipped ? 200 : 201,
      durationMs: isSkipped ? world.random.int(...keptMs) : intent.durationMs,
    }),
  )
}
