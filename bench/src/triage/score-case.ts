import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Catalogue,
  examineBundle,
  type Examination,
  type Triage,
  triage,
} from '../../../src/incidents/index.ts'
import type { Case } from './case.ts'
import { withShuffledNames } from './nuisance.ts'
import { filesOf, writeFiles } from './write-case.ts'

/** Where the truth stands in a triage. */
export interface Standing {
  /** From 1; 0 where the true cause is not among those shown. */
  readonly place: number
  /** What led. */
  readonly lead: string
  readonly isRuledOut: boolean
  readonly hasAbstained: boolean
}

/** How one case came out. */
export interface CaseScore extends Standing {
  readonly cause: string
  readonly variant: string
  readonly seed: number
  /**
   * Steps of the plan that somebody takes until the true cause leads, 0 where it leads at once. Undefined where it does
   * not within `maxTests`.
   */
  readonly tests?: number
  /** Places that the farthest cause moved when the names of changes were handed round. */
  readonly moved: number
}

export const maxTests = 6

/** Ranks the causes of an examination; a mutant in tests. */
export type Judge = (examination: Examination, catalogue: Catalogue, answers: readonly string[]) => Triage

export const judge: Judge = (examination, catalogue, answers) => triage(examination, { catalogue, answers })

export interface Scoring {
  readonly catalogue: Catalogue
  readonly judge?: Judge
}

export async function scoreCase(of: Case, { catalogue, judge: by = judge }: Scoring): Promise<CaseScore> {
  const examination = await examinationOf(of)
  const found = by(examination, catalogue, [])
  const shuffled = withShuffledNames(of)
  const other = shuffled === of ? found : by(await examinationOf(shuffled), catalogue, [])
  const tests = testsToCause(of.cause, found, (answers) => by(examination, catalogue, answers))
  return {
    cause: of.cause,
    variant: of.variant,
    seed: of.seed,
    ...standingOf(of.cause, found),
    ...(tests === undefined ? {} : { tests }),
    moved: movement(placesOf(found), placesOf(other)),
  }
}

export function standingOf(cause: string, found: Triage): Standing {
  const places = placesOf(found)
  return {
    place: places.indexOf(cause) + 1,
    lead: places[0] ?? '',
    isRuledOut: found.ruledOut.some(({ hypothesis }) => hypothesis === cause),
    hasAbstained: found.abstained,
  }
}

function placesOf({ hypotheses }: Triage): readonly string[] {
  return hypotheses.map(({ id }) => id)
}

/** A cause that only one of the lists shows stands just behind the end of the other. */
function movement(one: readonly string[], other: readonly string[]): number {
  const place = (list: readonly string[], id: string): number => {
    const at = list.indexOf(id)
    return at === -1 ? list.length : at
  }
  return Math.max(0, ...[...one, ...other].map((id) => Math.abs(place(one, id) - place(other, id))))
}

/** The case is written to a folder, as people have it, and read from there. */
export async function examinationOf(of: Case): Promise<Examination> {
  const directory = mkdtempSync(join(tmpdir(), 'onceward-triage-'))
  try {
    writeFiles(filesOf(of), directory)
    return await examineBundle(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * Follows the plan as somebody would who finds what the true cause predicts. A step that predicts nothing for it is
 * passed over: what it would show then, nobody here knows.
 */
function testsToCause(
  cause: string,
  first: Triage,
  again: (answers: readonly string[]) => Triage,
): number | undefined {
  const answers: string[] = []
  let found = first
  while (found.hypotheses[0]?.id !== cause) {
    const step = found.plan.find(
      ({ step: name, ran, expectedIf }) =>
        ran === undefined && expectedIf[cause] !== undefined && !isAnswered(name, answers),
    )
    if (step === undefined || answers.length >= maxTests) return undefined
    answers.push(`${step.step}=${step.expectedIf[cause]?.startsWith('yes') === true ? 'yes' : 'no'}`)
    found = again(answers)
  }
  return answers.length
}

/** A test that stands in several branches has `.2` behind its name. */
function isAnswered(name: string, answers: readonly string[]): boolean {
  const bare = (step: string): string => step.replace(/\.\d+$/, '')
  return answers.some((answer) => bare(answer.split('=')[0] ?? '') === bare(name))
}
