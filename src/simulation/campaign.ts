import type { InvariantId } from '../testing/invariant-ids.ts'
import { drawPlan } from './draw.ts'
import type { ResidualName } from './losses.ts'
import { simulationMutant } from './mutants/index.ts'
import { planText } from './plan-text.ts'
import type { Given } from './plan.ts'
import { run, type RunReport } from './run.ts'
import { shrink } from './shrink.ts'
import { withoutPolls } from './trace.ts'
import type { World, WorldOptions } from './world.ts'

export type Sometimes = Record<keyof World['counts'], number>
export const sometimesNames: readonly (keyof Sometimes)[] = [
  'takeover',
  'replay',
  'in_doubt',
  'failover_with_loss',
  'recall',
]

/** Seeds to be run one after the other, as a thread is told. */
export interface Chunk {
  readonly from: number
  readonly seeds: number
  readonly given: Given
  readonly mutant?: string
}

export interface Finding {
  readonly seed: number
  readonly invariant: InvariantId
  readonly what: string
}

/** What came of them. */
export interface ChunkReport {
  readonly seeds: number
  /** One for each invariant that a seed has broken. */
  readonly findings: readonly Finding[]
  readonly sometimes: Sometimes
  readonly residuals: Residuals
}

/** Documented losses by name: in how many runs, how many effects were repeated, how many acknowledged ones are not there. */
export type Residuals = Partial<Record<ResidualName, { runs: number; repeated: number; lost: number }>>

/** Runs a chunk in this thread. */
export async function runChunk(chunk: Chunk): Promise<ChunkReport> {
  const options = optionsOf(chunk.mutant)
  const sometimes = noneYet()
  const residuals: Residuals = {}
  const findings: Finding[] = []
  for (let seed = chunk.from; seed < chunk.from + chunk.seeds; seed += 1) {
    const report = await runSeed(seed, chunk.given, options)
    for (const name of sometimesNames) sometimes[name] += report.sometimes[name]
    for (const { name, repeated, lost } of report.residuals)
      addResidual(residuals, name, { runs: 1, repeated, lost })
    findings.push(...report.findings)
  }
  return { seeds: chunk.seeds, findings, sometimes, residuals }
}

export function addResidual(
  residuals: Residuals,
  name: ResidualName,
  { runs, repeated, lost }: { runs: number; repeated: number; lost: number },
): void {
  const sum = (residuals[name] ??= { runs: 0, repeated: 0, lost: 0 })
  sum.runs += runs
  sum.repeated += repeated
  sum.lost += lost
}

export function noneYet(): Sometimes {
  return { takeover: 0, replay: 0, in_doubt: 0, failover_with_loss: 0, recall: 0 }
}

/** Throws for an id that no mutant has. */
function optionsOf(id: string | undefined): WorldOptions {
  if (id === undefined) return {}
  const mutant = simulationMutant(id)
  if (mutant === undefined) throw new TypeError(`There is no mutant "${id}".`)
  return { mutant }
}

async function runSeed(
  seed: number,
  given: Given,
  options: WorldOptions,
): Promise<Pick<RunReport, 'sometimes' | 'residuals'> & { readonly findings: readonly Finding[] }> {
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  process.on('unhandledRejection', hear)
  try {
    const { breaches, sometimes, residuals } = await run(drawPlan(seed, given), options)
    // Node tells of rejections that nobody has heard when the turn is over.
    await new Promise((resolve) => setImmediate(resolve))
    const first = new Map<InvariantId, Finding>()
    for (const { invariant, what } of breaches)
      if (!first.has(invariant)) first.set(invariant, { seed, invariant, what })
    const lost = unheard.map(
      (reason): Finding => ({
        seed,
        invariant: 'L1',
        what: `a promise was rejected and nobody heard: ${String(reason)}`,
      }),
    )
    return { findings: [...first.values(), ...lost], sometimes, residuals }
  } finally {
    process.off('unhandledRejection', hear)
  }
}

/** A violation with the shortest trace that was found for it. */
export interface Violation extends Finding {
  /** What was planned, and what happened, up to the violation. */
  readonly trace: readonly string[]
}

/** Finds the shortest way to a violation. */
export async function explain(finding: Finding, given: Given, mutant?: string): Promise<Violation> {
  const { seed, invariant } = finding
  const { plan, report } = await shrink(drawPlan(seed, given), invariant, optionsOf(mutant))
  const at = report.trace.findIndex((line) => line.includes(`${invariant} is broken`))
  const what = report.breaches.find((breach) => breach.invariant === invariant)?.what ?? finding.what
  const lines = at === -1 ? report.trace : report.trace.slice(0, at + 1)
  return { seed, invariant, what, trace: [...planText(plan), '', ...withoutPolls(lines)] }
}

/** The run of one seed, as a person reads it: the shortest way to each violation, or all of it where there is none. */
export async function replay(
  seed: number,
  given: Given,
  mutant?: string,
): Promise<ChunkReport & { readonly violations: readonly Violation[]; readonly trace: readonly string[] }> {
  const chunk = { from: seed, seeds: 1, given, ...(mutant === undefined ? {} : { mutant }) }
  const report = await runChunk(chunk)
  const violations: Violation[] = []
  for (const finding of report.findings) violations.push(await explain(finding, given, mutant))
  const plan = drawPlan(seed, given)
  const { trace, hash } = await run(plan, { ...optionsOf(mutant), keepsTrace: true })
  return {
    ...report,
    violations,
    trace: [...planText(plan), '', ...withoutPolls(trace), '', `trace ${hash}`],
  }
}
