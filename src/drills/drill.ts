import type { MutationSource } from './settings.ts'
import type { CheckId, DrillSize, OccurrenceId, Residual } from './checks.ts'
import type { KeyHistory } from './history.ts'
import type { Place, PlaceKind } from './places/place.ts'
import type { Stage, StageOptions } from './stage.ts'
import type { OnEnd } from './until-aborted.ts'

/** What a drill works with. Whatever it opens here is closed when it is over, however it ends. */
export interface DrillContext {
  readonly place: Place
  /** Evidence goes here. */
  readonly folder: string
  readonly seed: number
  /** Numbers in [0, 1) that follow from the seed and the drill alone: the fault plan is drawn from them. */
  readonly random: () => number
  readonly size: DrillSize
  readonly failovers: number
  /** The broken guard that the drill is to find. */
  readonly mutation?: MutationSource
  /** Tells people what is going on. */
  say(text: string): void
  /** Writes down what is going to be done, before any of it: `plan.json`. */
  plan(plan: object): void
  stage(options?: Partial<StageOptions>): Promise<Stage>
  readonly onEnd: OnEnd
}

/** What a drill has found out. */
export interface Findings {
  /** The stage whose journals are the evidence. */
  readonly stage: Stage
  /** Everything that is known of each key. */
  readonly histories: readonly KeyHistory[]
  /** Other stages, whose effects and events belong to the same evidence. */
  readonly alongside?: readonly Stage[]
  /** L1, from the end of the faults to an answer. Default 15,000 ms. */
  readonly recoveryMs?: number
  /** Faults that were injected; a drill whose fault has missed has reached nothing. */
  readonly faults: number
  readonly occurred?: Partial<Readonly<Record<OccurrenceId, number>>>
  /** What no invariant of a single key can say. */
  readonly broken?: readonly { readonly check: CheckId; readonly key: string; readonly what: string }[]
  readonly residuals?: Readonly<Record<string, Residual>>
  /** Measured on the way, by name: `blindPauseMs`. */
  readonly measured?: Readonly<Record<string, number>>
}

export interface Drill {
  readonly id: string
  /** What is done, in a line. */
  readonly fault: string
  readonly stores: readonly PlaceKind[]
  /** The invariants that it must reach, and those that it must see happen. */
  readonly mustReach: readonly CheckId[]
  /** Why it cannot be held on this store; nothing where it can. */
  readonly skips?: (place: Place) => string | undefined
  run(context: DrillContext): Promise<Findings>
}
