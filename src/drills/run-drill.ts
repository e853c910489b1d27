import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom, seededShare } from '../testing/random.ts'
import { countsOf } from './counts.ts'
import type { CheckId, DrillSize, OccurrenceId } from './checks.ts'
import type { Drill, DrillContext, Findings } from './drill.ts'
import { recount, writeEvidence } from './evidence.ts'
import type { MutationSource } from './settings.ts'
import { type InvariantId, invariantIds } from '../testing/invariant-ids.ts'
import { checkInvariants } from './invariants.ts'
import type { Place } from './places/place.ts'
import type { DrillResult, DrillVerdict } from './report.ts'
import { openStage } from './stage.ts'
import { type OnEnd, untilAborted } from './until-aborted.ts'

export interface RunDrillOptions {
  readonly place: Place
  /** Evidence goes here. */
  readonly folder: string
  readonly seed: number
  readonly size?: DrillSize
  readonly failovers?: number
  readonly mutation?: MutationSource
  readonly say?: (text: string) => void
  /** Aborted: what the drill has started is ended, and `runDrill` rejects with the reason. */
  readonly signal?: AbortSignal
}

const defaultRecoveryMs = 15_000
const maxShownOfAKind = 5

/** Holds one drill on one store. Rejects where the drill itself could not be held; the evidence stays. */
export async function runDrill(drill: Drill, options: RunDrillOptions): Promise<DrillResult> {
  const { place, folder, signal } = options
  const beganAtMs = performance.now()
  mkdirSync(folder, { recursive: true })
  const findings = await untilAborted(signal, async (onEnd) => {
    const found = await drill.run(contextOf(drill, options, onEnd))
    await writeEvidence(found.stage, found.histories, found.alongside)
    return found
  })
  const { checks, violations } = verdictsOf(drill, findings)
  return {
    id: drill.id,
    store: place.name,
    held: Object.values(checks).every((verdict) => verdict === 'held'),
    invariants: checks,
    ...(findings.residuals === undefined ? {} : { residuals: findings.residuals }),
    ...recount(folder),
    faults: findings.faults,
    ...(findings.measured === undefined ? {} : { measured: findings.measured }),
    ...(violations.length === 0 ? {} : { violations: someOf(violations) }),
    durationMs: Math.round(performance.now() - beganAtMs),
    evidence: folder,
  }
}

function contextOf(drill: Drill, options: RunDrillOptions, onEnd: OnEnd): DrillContext {
  const { place, folder, seed, mutation, size = 'whole', failovers = 2, say = () => undefined } = options
  return {
    place,
    folder,
    seed,
    // Each drill has numbers of its own, so that a plan does not depend on which others are held.
    random: seededRandom(Math.floor(seededShare(seed, drill.id) * 2 ** 32)),
    size,
    failovers,
    ...(mutation === undefined ? {} : { mutation }),
    say,
    plan: (plan) =>
      writeFileSync(
        join(folder, 'plan.json'),
        `${JSON.stringify({ drill: drill.id, seed, ...plan }, null, 2)}\n`,
      ),
    stage: async (given) => {
      const { url: storeUrl, scope, rowsTable } = place
      const guard = mutation === undefined ? {} : { mutation }
      const stage = await openStage({ storeUrl, scope, rowsTable, folder, ...guard, ...given })
      onEnd(() => stage.close())
      return stage
    },
    onEnd,
  }
}

/** A few of each kind: hundreds of one must not hide another. */
function someOf(violations: Violations): Violations {
  const byCheck = Map.groupBy(violations, ({ check }) => check)
  return [...byCheck.values()].flatMap((all) => all.slice(0, maxShownOfAKind))
}

type Violations = NonNullable<DrillResult['violations']>

/** What must be reached, and whatever is broken beside it. */
function verdictsOf(
  drill: Drill,
  findings: Findings,
): { readonly checks: Readonly<Record<string, DrillVerdict>>; readonly violations: Violations } {
  const { histories, faults, broken = [], recoveryMs = defaultRecoveryMs } = findings
  const { verdicts, violations } = checkInvariants(histories, { recoveryMs })
  const all = [
    ...violations.map(({ invariant, key, what }) => ({ check: invariant as CheckId, key, what })),
    ...broken,
  ]
  const occurred = { ...occurrencesOf(findings), ...findings.occurred }
  const verdictOf = (check: CheckId): DrillVerdict => {
    if (all.some((violation) => violation.check === check)) return 'broken'
    // A fault that has missed proves nothing.
    if (faults === 0) return 'not-reached'
    if (isInvariant(check)) return verdicts[check]
    return (occurred[check] ?? 0) > 0 ? 'held' : 'not-reached'
  }
  const shown = [...new Set([...drill.mustReach, ...all.map(({ check }) => check)])]
  return { checks: Object.fromEntries(shown.map((check) => [check, verdictOf(check)])), violations: all }
}

function isInvariant(check: CheckId): check is InvariantId {
  return (invariantIds as readonly string[]).includes(check)
}

function occurrencesOf({ histories }: Findings): Partial<Record<OccurrenceId, number>> {
  const { takeovers, replays, inDoubt, asked, renewals, lateOutcomes } = countsOf(histories)
  return { S1: takeovers, S2: replays, S3: inDoubt, S5: asked, S6: renewals, S7: lateOutcomes }
}
