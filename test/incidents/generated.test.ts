import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Case } from '../../bench/src/triage/case.ts'
import { caseOf, firstHeldOutSeed, type Generator } from '../../bench/src/triage/generator.ts'
import { generators } from '../../bench/src/triage/generators/index.ts'
import { withShuffledNames } from '../../bench/src/triage/nuisance.ts'
import { examinationOf, type Judge, judge, scoreCase, standingOf } from '../../bench/src/triage/score-case.ts'
import type { TriageResult } from '../../bench/src/triage/result.ts'
import { interval, scoresOf } from '../../bench/src/triage/score.ts'
import { type Files, filesOf, writeFiles } from '../../bench/src/triage/write-case.ts'
import { readBundle } from '../../src/incidents/bundle/bundle.ts'
import { builtInCatalogue, type Triage } from '../../src/incidents/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

// Made incidents (bench/src/triage): what they have to be, so that a score of them says something.

const catalogue = builtInCatalogue()
const folder = fileURLToPath(new URL('../../bench/src/triage/generators/', import.meta.url))
const heldOut = [firstHeldOutSeed, firstHeldOutSeed + 1]

it('has one file for each cause it makes, each of the catalogue, in its order', () => {
  const made = generators.map(({ cause }) => cause)
  const files = readdirSync(folder).filter((name) => name !== 'index.ts')
  expect(files.toSorted()).toEqual(made.map((cause) => `${cause.toLowerCase()}.ts`).toSorted())
  const inOrder = catalogue.causes.map(({ id }) => id).filter((id) => made.includes(id))
  expect(made).toEqual(inOrder)
})

interface Made {
  readonly of: Case
  readonly files: Files
}

const made = new Map<string, Made>()

/** Made once for all tests of a seed. */
function madeOf(generator: Generator, seed: number): Made {
  const name = `${generator.cause} ${seed}`
  const found = made.get(name) ?? freshly(generator, seed)
  made.set(name, found)
  return found
}

function freshly(generator: Generator, seed: number): Made {
  const of = caseOf(generator, seed)
  return { of, files: filesOf(of) }
}

describe.each(generators.map((generator) => [generator.cause, generator] as const))('%s', (_, generator) => {
  it('shows in more than one way', () => {
    const names = generator.variants.map(({ name }) => name)
    expect(new Set(names).size).toBeGreaterThanOrEqual(2)
    expect(new Set(names).size).toBe(names.length)
  })

  it('gives the same bytes for one seed, and others for another', () => {
    const bytes = ({ files }: Made): string => JSON.stringify([...files])
    const first = bytes(madeOf(generator, 1))
    expect(bytes(freshly(generator, 1))).toBe(first)
    expect(bytes(madeOf(generator, 2))).not.toBe(first)
    expect(bytes(madeOf(generator, firstHeldOutSeed))).not.toBe(first)
  })

  it('names nothing by a word in held-out cases', () => {
    expect(heldOut.flatMap((seed) => friendlyNames(madeOf(generator, seed)))).toEqual([])
    // The same search finds the names of tuning cases.
    expect([1, 2].flatMap((seed) => friendlyNames(madeOf(generator, seed))).length).toBeGreaterThan(0)
  })

  it.each([1, firstHeldOutSeed])(
    'can be read whole but for the lines that were cut (seed %i)',
    async (seed) => {
      const { of, files } = madeOf(generator, seed)
      const directory = temporaryDirectory()
      writeFiles(files, directory)
      const { sources, notes } = await readBundle(directory)
      expect(sources.length).toBeGreaterThanOrEqual(of.sources.length)
      for (const [at, source] of sources.entries()) {
        const { rows = [], brokenShare = 0 } = of.sources[at] ?? {}
        expect(source.rejectedRows, source.id).toBeLessThanOrEqual(Math.floor(rows.length * brokenShare))
      }
      const timeless = sources.filter(({ format, span }) => format !== 'files' && span === null)
      expect(timeless.map(({ id }) => id)).toEqual([])
      const troubles = /nothing could be read|no column of it holds times|none of its rows lies/
      expect(notes.filter((note) => troubles.test(note))).toEqual([])
    },
  )
})

/** `order-1001`, `worker_3`, `ORD-001001`: a word and a number. Words of hexadecimal digits are parts of UUIDs. */
function friendlyNames({ of, files }: Made): readonly string[] {
  const asTheyStand = new Set(of.sources.map(({ file }) => file?.text))
  return [...files.values()]
    .filter((text) => !asTheyStand.has(text))
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

it('is scored with the catalogue that is there', () => {
  const file = new URL('../../bench/triage.json', import.meta.url)
  const results = JSON.parse(readFileSync(file, 'utf8')) as readonly TriageResult[]
  expect(results.map(({ isHeldOut, catalogue: scored }) => [isHeldOut, scored])).toEqual([
    [true, catalogue.digest],
    [false, catalogue.digest],
  ])
})

describe('the score', () => {
  it('puts the true cause among the first three more often than not; a ranking upside down does not', async () => {
    // As far as a smoke test goes: the figures themselves are in bench/RESULTS.md.
    let [first, inThree, turned, cases] = [0, 0, 0, 0]
    for (const generator of generators)
      for (const seed of [1, 2]) {
        const found = judge(await examinationOf(caseOf(generator, seed)), catalogue, [])
        const { place } = standingOf(generator.cause, found)
        const last = standingOf(generator.cause, upsideDown(found))
        cases++
        if (place === 1) first++
        if (place >= 1 && place <= 3) inThree++
        if (last.place === 1) turned++
      }
    expect(inThree / cases).toBeGreaterThan(0.5)
    expect(turned).toBeLessThan(first / 2)
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

function upsideDown(found: Triage): Triage {
  return { ...found, hypotheses: found.hypotheses.toReversed() }
}
