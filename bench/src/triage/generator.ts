import type { Case } from './case.ts'
import { disturbed } from './nuisance.ts'
import { type Random, randomOf } from './random.ts'
import { createWorld, type Span, type World } from './world.ts'

/**
 * One way in which a cause shows. It puts sources into the world and says which of them are essential: those without
 * which nobody could tell the cause, whatever else is there.
 */
export interface Variant {
  readonly name: string
  /** Where it can happen at certain times alone; default: those of any incident. */
  window?(random: Random): Span
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

/**
 * Where the scored block begins. Sums over the first held-out seeds were looked at while signals were written; of these
 * nothing was seen before the catalogue was frozen, not even a sum. Whoever changes the catalogue begins a new block.
 */
export const firstScoredSeed = 3_000_001

export function isHeldOut(seed: number): boolean {
  return seed >= firstHeldOutSeed
}

/** The case of a seed, disturbed as incidents are. Held-out cases have opaque ids. */
export function caseOf({ cause, variants }: Generator, seed: number): Case {
  const isOpaque = isHeldOut(seed)
  const random = randomOf(seed, cause, 'variant')
  const variant = random.pick(variants)
  const window = variant.window?.(random)
  const world = createWorld({ cause, seed, isOpaque, ...(window && { window }) })
  variant.make(world)
  return disturbed(world.finish(variant.name))
}
