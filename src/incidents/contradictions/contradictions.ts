import type { Check, Checked, Contradicted } from './found.ts'
import {
  labelAgainstRank,
  labelsDisagree,
  likelyAndLeavesOut,
  reckonedFromNothing,
  ruledOutAndUsed,
} from './in-accounts.ts'
import { causeAfterEffect, farCause, noticedBeforeItBegan } from './in-time.ts'
import { impactIsNotMeasured, notATotalOutage, sameIdIsNoSecondEffect, sumsDoNotAddUp } from './in-words.ts'
import { contradictsProtocol, sizeIsKnownLimit } from './protocol-facts.ts'

/** By name, so that a mutant can leave one out. */
export const contradictionChecks: Readonly<Record<string, Check>> = {
  contradictsProtocol,
  sizeIsKnownLimit,
  causeAfterEffect,
  farCause,
  noticedBeforeItBegan,
  labelsDisagree,
  labelAgainstRank,
  likelyAndLeavesOut,
  ruledOutAndUsed,
  reckonedFromNothing,
  sumsDoNotAddUp,
  impactIsNotMeasured,
  notATotalOutage,
  sameIdIsNoSecondEffect,
}

/** In characters: patterns go over each of them several times. */
const longestClaim = 4000

/** Everything in the bundle that cannot stand beside a fact, or beside another part of the bundle. */
export function contradictionsIn(
  checked: Checked,
  checks: Readonly<Record<string, Check>> = contradictionChecks,
): readonly Contradicted[] {
  const claims = checked.bundle.claims.map((claim) => ({ ...claim, text: claim.text.slice(0, longestClaim) }))
  const bounded = { ...checked, bundle: { ...checked.bundle, claims } }
  return Object.values(checks).flatMap((check) => check(bounded))
}
