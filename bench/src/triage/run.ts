import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtInCatalogue } from '../../../src/incidents/index.ts'
import { UsageError } from '../arguments.ts'
import { duration, say } from '../progress.ts'
import { caseOf, firstHeldOutSeed, firstScoredSeed, type Generator } from './generator.ts'
import { generators } from './generators/index.ts'
import type { TriageResult } from './result.ts'
import { type CaseScore, scoreCase } from './score-case.ts'
import { scoresOf } from './score.ts'
import { filesOf, writeFiles } from './write-case.ts'

export interface TriageBench {
  /** Of each cause. */
  readonly seeds: number
  readonly isHeldOut: boolean
  /** Ids of causes; all where there are none. */
  readonly only: readonly string[]
}

/** Tuning seeds are 1 and on, held-out ones a million further: a run is of one kind. */
export async function runTriageBench({ seeds, isHeldOut, only }: TriageBench): Promise<TriageResult> {
  if (seeds >= firstHeldOutSeed)
    throw new UsageError(`--seeds must be below ${firstHeldOutSeed}, got ${seeds}: the others are held out`)
  const catalogue = builtInCatalogue()
  const first = isHeldOut ? firstScoredSeed : 1
  say(`${isHeldOut ? 'held-out' : 'tuning'} seeds from ${first}, catalogue ${catalogue.digest}`)
  const startedAt = new Date()
  const cases: CaseScore[] = []
  for (const generator of chosen(only)) {
    for (let seed = first; seed < first + seeds; seed++)
      cases.push(await scoreCase(caseOf(generator, seed), { catalogue }))
    const own = cases.slice(-seeds)
    const right = own.filter(({ place }) => place === 1).length
    say(`${generator.cause}: ${right} of ${seeds} led, ${duration(Date.now() - startedAt.getTime())}`)
  }
  return {
    startedAt: startedAt.toISOString(),
    seeds,
    isHeldOut,
    catalogue: catalogue.digest,
    scores: scoresOf(cases),
    missed: isHeldOut ? [] : cases.filter(({ place }) => place !== 1).map(missed),
  }
}

function missed({ cause, variant, seed, place, lead, isRuledOut }: CaseScore): string {
  const where = place === 0 ? 'not shown' : `place ${place}`
  return `${cause} ${seed} (${variant}): ${where}, ${lead} led${isRuledOut ? ', RULED OUT' : ''}`
}

function chosen(only: readonly string[]): readonly Generator[] {
  const found = generators.filter(({ cause }) => only.length === 0 || only.includes(cause))
  if (found.length === 0)
    throw new UsageError(
      `--only must be one of ${generators.map(({ cause }) => cause).join(', ')}, got ${only.join(', ')}`,
    )
  return found
}

/** Writes the bundles of one seed below `directory`, a folder for each cause. */
export function showCases(seed: number, only: readonly string[], directory: string): void {
  for (const generator of chosen(only)) {
    const of = caseOf(generator, seed)
    const folder = join(directory, `${of.cause}-${seed}`)
    mkdirSync(folder, { recursive: true })
    writeFiles(filesOf(of), folder)
    writeFileSync(join(directory, `${of.cause}-${seed}.truth.json`), `${JSON.stringify(truthOf(of))}\n`)
    say(`${folder}: ${of.variant}`)
  }
}

function truthOf({ cause, variant, onsetMs }: ReturnType<typeof caseOf>): Record<string, string> {
  return { cause, variant, onset: new Date(onsetMs).toISOString() }
}
