import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Case } from '../../bench/src/triage/case.ts'
import { caseOf, firstHeldOutSeed, type Generator } from '../../bench/src/triage/generator.ts'
import { generators } from '../../bench/src/triage/generators/index.ts'
import { withShuffledNames } from '../../bench/src/triage/nuisance.ts'
import { type CaseScore, type Judge, judge, scoreCase } from '../../bench/src/triage/score-case.ts'
import { interval, scoresOf } from '../../bench/src/triage/score.ts'
import { type Files, filesOf, writeFiles } from '../../bench/src/triage/write-case.ts'
import { readBundle } from '../../src/incidents/bundle/bundle.ts'
import { builtInCatalogue } from '../../src/incidents/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

// Made incidents (bench/src/triage): what they have to be, so that a score of them says something.

const catalogue = builtInCatalogue()
const folder = fileURLToPath(new URL('../../bench/src/triage/generators/', import.meta.url))

it('has one file for each cause it makes, each of the catalogue, in its order', () => {
  const made = generators.map(({ cause }) => cause)
  const files = readdirSync(folder).filter((name) => name !== 'index.ts')
  expect(files.toSorted()).toEqual(made.map((cause) => `${cause.toLowerCase()}.ts`).toSorted())
  const inOrder = catalogue.causes.map(({ id }) => id).filter((id) => made.includes(id))
  expect(made).toEqual(inOrder)
})

describe.each(generators.map((generator) => [generator.cause, generator] as const))(
  '%s',
  (_cause, generator) => {
    it('shows in more than one way', () => {
      const names = generator.variants.map(({ name }) => name)
      expect(new Set(names).size).toBeGreaterThanOrEqual(2)
      expect(new Set(names).size).toBe(names.length)
    })

    it('gives the same bytes for one seed, and others for another', () => {
      const bytes = (seed: number): string => textOf(filesOf(caseOf(generator, seed)))
      expect(bytes(1)).toBe(bytes(1))
      expect(bytes(2)).not.toBe(bytes(1))
      expect(bytes(firstHeldOutSeed)).not.toBe(bytes(1))
    })

    it('names nothing by a word in held-out cases', () => {
      const found = [0, 1, 2].flatMap((at) => friendlyNames(generator, firstHeldOutSeed + at))
      expect(found).toEqual([])
      // The same search finds the names of tuning cases.
      expect([1, 2, 3].flatMap((seed) => friendlyNames(generator, seed)).length).toBeGreaterThan(0)
    })

    it.each([1, firstHeldOutSeed])(
      'can be read whole but for the lines that were cut (seed %i)',
      async (seed) => {
        const of = caseOf(generator, seed)
        const directory = temporaryDirectory()
        writeFiles(filesOf(of), directory)
        const { sources, notes } = await readBundle(directory)
        expect(sources.length).toBeGreaterThanOrEqual(of.sources.length)
        for (const [at, source] of sources.entries()) {
          const made = of.sources[at]
          const cut = Math.floor((made?.rows.length ?? 0) * (made?.brokenShare ?? 0))
          expect(source.rejectedRows, source.id).toBeLessThanOrEqual(cut)
        }
        const timeless = sources.filter(({ format, span }) => format !== 'files' && span === null)
        expect(timeless.map(({ id }) => id)).toEqual([])
        expect(
          notes.filter((note) => /nothing could be read|holds times|lies in the window/.test(note)),
        ).toEqual([])
      },
    )
  },
)

function textOf(files: Files): string {
  return JSON.stringify([...files])
}

/** `order-1001`, `worker_3`, `ORD-001001`: a word and a number. Four digits of a UUID stand behind hexadecimal ones. */
function friendlyNames(generator: Generator, seed: number): readonly string[] {
  const of = caseOf(generator, seed)
  const inFiles = new Set(of.sources.flatMap(({ file }) => (file === undefined ? [] : [file.text])))
  return [...filesOf(of).values()]
    .filter((text) => !inFiles.has(text))
    .flatMap((text) => text.match(/\b(?![a-f]+[-_])[a-z]{3,}[-_]\d+\b|\b[A-Z]{3}-\d{6}\b/g) ?? [])
}

describe('the second rendering', () => {
  const generator = generators[0] as Generator
  const seed = [1, 2, 3, 4, 5, 6, 7, 8].find((one) => (caseOf(generator, one).changes?.length ?? 0) > 1) ?? 0

  it('hands the names of changes round, and nothing else', () => {
    const of = caseOf(generator, seed)
    const other = withShuffledNames(of)
    const names = (one: Case): string[] => (one.changes ?? []).map(({ name }) => name)
    expect(names(other)).not.toEqual(names(of))
    expect(names(other).toSorted()).toEqual(names(of).toSorted())
    const bare = (one: Case): unknown => ({
      ...one,
      changes: one.changes?.map((change) => ({ ...change, name: '' })),
    })
    expect(bare(other)).toEqual(bare(of))
  })
})

describe('the score', () => {
  /** As far as a smoke test goes: the figures themselves are in bench/RESULTS.md. */
  const leastShare = 0.4

  it(`puts the true cause among the first three in ${leastShare * 100} % of the cases, and a ranking upside down does not`, async () => {
    const cases = await scored(generators, { seeds: [1, 2], by: judge })
    expect(scoresOf(cases)[0]?.top3).toBeGreaterThanOrEqual(leastShare)
    const upsideDown: Judge = (...given) => {
      const found = judge(...given)
      return { ...found, hypotheses: found.hypotheses.toReversed() }
    }
    const few = generators.filter((_generator, at) => at % 4 === 0)
    const turned = await scored(few, { seeds: [1, 2], by: upsideDown })
    const own = cases.filter(({ cause }) => few.some((generator) => generator.cause === cause))
    expect(scoresOf(turned)[0]?.top1).toBeLessThan((scoresOf(own)[0]?.top1 ?? 0) / 2)
  })

  it('counts a true cause that was ruled out', async () => {
    const generator = generators[0] as Generator
    const blind: Judge = (...given) => {
      const found = judge(...given)
      const ruledOut = [{ hypothesis: generator.cause, title: '', why: '', evidence: [] }]
      return { ...found, hypotheses: found.hypotheses.filter(({ id }) => id !== generator.cause), ruledOut }
    }
    const one = await scoreCase(caseOf(generator, 1), { catalogue, judge: blind })
    expect(one).toMatchObject({ place: 0, isRuledOut: true })
    expect(one.tests).toBeUndefined()
    expect(scoresOf([one])[0]).toMatchObject({ top1: 0, top3: 0, falseRuleOuts: 1, neverLed: 1 })
  })

  it('says how sure a share is', () => {
    expect(interval(0.5, 10).map((bound) => bound.toFixed(2))).toEqual(['0.24', '0.76'])
    expect(interval(1, 20)[0].toFixed(2)).toBe('0.84')
  })
})

async function scored(
  of: readonly Generator[],
  { seeds, by }: { readonly seeds: readonly number[]; readonly by: Judge },
): Promise<readonly CaseScore[]> {
  const found: CaseScore[] = []
  for (const generator of of)
    for (const seed of seeds) found.push(await scoreCase(caseOf(generator, seed), { catalogue, judge: by }))
  return found
}
