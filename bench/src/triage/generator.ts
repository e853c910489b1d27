import type { Case } from './case.ts'
import { disturbed } from './nuisance.ts'
import { randomOf } from './random.ts'
import { createWorld, type World } from './world.ts'

/**
 * One way in which a cause shows. It puts sources into the world and says which of them are essential: those without
 * which nobody could tell the cause, whatever else is there.
 */
export interface Variant {
  readonly name: string
  make(world: World): void
}

export interface Generator {
  /** Its id in the catalogue. */
  readonly cause: string
  /** At least two that differ in more than numbers; the seed picks one. */
  readonly variants: readonly Variant[]
}

/** Seeds from here on are held out: nothing may be tuned to what they show. */
export const firstHeldOutSeed = 1_000_001

export function isHeldOut(seed: number): boolean {
  return seed >= firstHeldOutSeed
}

/** The case of a seed, disturbed as incidents are. Held-out cases have opaque ids. */
export function caseOf({ cause, variants }: Generator, seed: number): Case {
  const isOpaque = isHeldOut(seed)
  const world = createWorld({ cause, seed, isOpaque })
  const variant = randomOf(seed, cause, 'variant').pick(variants)
  variant.make(world)
  return disturbed(world.finish(variant.name))
}
