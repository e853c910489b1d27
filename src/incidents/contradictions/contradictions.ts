import type { Check, Checked, Contradicted } from './found.ts'
import { causeAfterEffect, farCause } from './in-time.ts'
import {
  impactIsNotMeasured,
  labelsDisagree,
  notATotalOutage,
  sameIdIsNoSecondEffect,
  sumsDoNotAddUp,
} from './in-words.ts'
import { contradictsProtocol, sizeIsKnownLimit } from './protocol-facts.ts'

/** By name, so that a mutant can leave one out. */
export const contradictionChecks: Readonly<Record<string, Check>> = {
  contradictsProtocol,
  sizeIsKnownLimit,
  causeAfterEffect,
  farCause,
  labelsDisagree,
  sumsDoNotAddUp,
  impactIsNotMeasured,
  notATotalOutage,
  sameIdIsNoSecondEffect,
}

/** Everything in the bundle that cannot stand beside a fact, or beside another part of the bundle. */
export function contradictionsIn(
  checked: Checked,
  checks: Readonly<Record<string, Check>> = contradictionChecks,
): readonly Contradicted[] {
  return Object.values(checks).flatMap((check) => check(checked))
}
