import { join } from 'node:path'
import type { Residual } from '../checks.ts'
import type { Findings } from '../drill.ts'
import { writeEvidence } from '../evidence.ts'
import type { KeyHistory } from '../history.ts'
import { checkInvariants } from '../invariants.ts'
import type { Load } from '../load/load.ts'
import type { Stage } from '../stage.ts'
import { finish } from './finish.ts'
import { acknowledgedWorks, lostOn, type Work } from './look.ts'
import { openEpoch } from './open-epoch.ts'
import { recallWaitMs } from './settings.ts'

/** Blind and verifiable effects cannot be healed where nobody is left who knows; keyed ones need not be. */
const measured = ['blind', 'verifiable', 'keyed'] as const
type Measured = (typeof measured)[number]

/** One run of it: how often effects were repeated, and what should not have been broken all the same. */
export interface ResidualRun {
  readonly residuals: Readonly<Record<Measured, Residual>>
  readonly broken: NonNullable<Findings['broken']>
}

/** What the new primary does not know of what these loads were acknowledged. */
export interface Exposed {
  readonly works: readonly Work[]
  readonly lost: readonly Work[]
}

/** The evidence of a run that is not expected to hold lies beside that of the drill. */
export function residualFolder(folder: string, name: string, run: number): string {
  return join(folder, `${name}-${run}`)
}

/** Asked before anybody calls again. */
export async function exposedOn(serverUrl: string, stage: Stage, loads: readonly Load[]): Promise<Exposed> {
  const works = acknowledgedWorks(loads.flatMap((load) => load.answers()))
  return { works, lost: await lostOn(serverUrl, stage.settings.scope, works) }
}

/**
 * Clients call again, when nobody waits any more for what others may know: the worst that they can do. Effects of targets
 * that deduplicate are unharmed even then.
 */
export async function measureResidual(
  stage: Stage,
  loads: readonly Load[],
  about: Exposed & { readonly fault: string },
): Promise<ResidualRun> {
  await openEpoch(stage, 'residual')
  await new Promise((resolve) => void setTimeout(resolve, recallWaitMs))
  return countResidual(stage, loads, about)
}

/** The same without any wait. */
export async function countResidual(
  stage: Stage,
  loads: readonly Load[],
  { fault, works, lost }: Exposed & { readonly fault: string },
): Promise<ResidualRun> {
  const histories = await finish(stage, loads, { fault, mayDoubt: 'anywhere' })
  await writeEvidence(stage, histories)
  const keyed = histories.filter(({ workload }) => workload === 'keyed' || workload === 'transactional')
  const { violations } = checkInvariants(keyed, { recoveryMs: 60_000 })
  const residualOf = (workload: Measured): Residual => ({
    runs: 1,
    keys: works.filter((work) => work.workload === workload).length,
    repeated: repeatsIn(histories.filter((history) => history.workload === workload)),
    lost: lost.filter((work) => work.workload === workload).length,
  })
  return {
    residuals: {
      blind: residualOf('blind'),
      verifiable: residualOf('verifiable'),
      keyed: residualOf('keyed'),
    },
    broken: violations
      .filter(({ invariant }) => invariant === 'I1')
      .map(({ key, what }) => ({ check: 'I1', key, what })),
  }
}

function repeatsIn(histories: readonly KeyHistory[]): number {
  const names = histories.flatMap(({ effects }) => effects.map(({ name }) => name))
  return names.length - new Set(names).size
}

export function sumOf(runs: readonly Residual[]): Residual {
  const sum = (pick: (run: Residual) => number): number => runs.reduce((total, run) => total + pick(run), 0)
  return {
    runs: sum((run) => run.runs),
    keys: sum((run) => run.keys),
    repeated: sum((run) => run.repeated),
    lost: sum((run) => run.lost),
  }
}

/** All runs of one situation, by what the target guarantees. */
export function residualsOf(name: string, runs: readonly ResidualRun[]): Record<string, Residual> {
  if (runs.length === 0) return {}
  return Object.fromEntries(
    measured
      .map((workload) => [`${name}:${workload}`, sumOf(runs.map((run) => run.residuals[workload]))] as const)
      .filter(([, { keys }]) => keys > 0),
  )
}
