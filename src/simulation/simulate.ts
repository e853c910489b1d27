import {
  addResidual,
  type Chunk,
  type ChunkReport,
  explain,
  type Finding,
  noneYet,
  type Residuals,
  type Sometimes,
  sometimesNames,
  type Violation,
} from './campaign.ts'
import { residualNames } from './losses.ts'
import type { Given } from './plan.ts'
import { inThreads } from './threads.ts'

export interface SimulateOptions {
  readonly seeds: number
  /** The first seed. */
  readonly from: number
  readonly given: Given
  readonly mutant?: string
  readonly signal: AbortSignal
  readonly onProgress: (done: number, violations: number) => void
}

/** The JSON shape of docs/reference/json.md. */
export interface SimulationReport {
  /** How many have been run: fewer than asked for when it was stopped, or had found enough. */
  readonly seeds: number
  readonly from: number
  readonly violations: readonly Violation[]
  readonly residuals: Residuals
  readonly sometimes: Sometimes
  readonly runsPerSecond: number
}

/** With so many seeds that break something there is enough to look at. */
const enoughFindings = 20
const chunkSeeds = 200

/** Runs many seeds on all cores, and finds the shortest trace of each violation. */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { seeds, from, given, mutant, signal } = options
  const findings: Finding[] = []
  const sometimes = noneYet()
  const residuals: Residuals = {}
  let handedOut = 0
  let done = 0
  const next = (): Chunk | undefined => {
    if (handedOut >= seeds || findings.length >= enoughFindings) return undefined
    const size = Math.min(chunkSeeds, seeds - handedOut)
    const chunk = { from: from + handedOut, seeds: size, given, ...(mutant === undefined ? {} : { mutant }) }
    handedOut += size
    return chunk
  }
  const startedAtMs = performance.now()
  await inThreads(
    next,
    (report: ChunkReport) => {
      done += report.seeds
      findings.push(...report.findings)
      for (const name of sometimesNames) sometimes[name] += report.sometimes[name]
      for (const name of residualNames) {
        const counted = report.residuals[name]
        if (counted !== undefined) addResidual(residuals, name, counted)
      }
      options.onProgress(done, findings.length)
    },
    signal,
  )
  const tookMs = performance.now() - startedAtMs
  const violations: Violation[] = []
  for (const finding of findings.toSorted((a, b) => a.seed - b.seed).slice(0, enoughFindings)) {
    if (signal.aborted) break
    violations.push(await explain(finding, given, mutant))
  }
  const runsPerSecond = Math.round((done / tookMs) * 1000)
  return { seeds: done, from, violations, residuals, sometimes, runsPerSecond }
}

/** What ought to have come about at least once, and has not. */
export function missed({ sometimes }: Pick<SimulationReport, 'sometimes'>, given: Given): readonly string[] {
  return sometimesNames.filter((name) => sometimes[name] === 0 && canHappen(name, given))
}

/** A synchronous standby loses nothing that was acknowledged; a transaction is never in doubt. */
function canHappen(name: keyof Sometimes, { replication, safety }: Given): boolean {
  if (name === 'failover_with_loss' || name === 'recall') return replication !== 'sync'
  return name !== 'in_doubt' || safety !== 'transactional'
}
