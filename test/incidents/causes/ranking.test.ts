import { describe, expect, it } from 'vitest'
import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import { rank, type Ranking, shown } from '../../../src/incidents/rank/rank.ts'
import { type RankRules, rankRules } from '../../../src/incidents/rank/rules.ts'
import { isBroken } from './broken.ts'
import { examinationOf, type Made } from './examination.ts'
import { fulfilment } from './fulfilment.ts'
import { stories } from './causes-at-work.ts'

const catalogue = builtInCatalogue()

/** Several sentences look at the same stories: each is ranked once by each set of rules. */
const kept = new WeakMap<RankRules, Map<Made, Ranking>>()

function ranked(made: Made, rules: RankRules): Ranking {
  const known = kept.get(rules) ?? new Map<Made, Ranking>()
  kept.set(rules, known)
  const ranking = known.get(made) ?? rank(examinationOf(made), catalogue, rules)
  known.set(made, ranking)
  return ranking
}

function leading(ranking: Ranking): string | undefined {
  return ranking.ranked[0]?.cause.id
}

/** What is promised of the ranking. Each throws where it does not hold. */
const sentences: Readonly<Record<string, (rules: RankRules) => void>> = {
  'each cause leads where it acts, and is never ruled out there': (rules) => {
    for (const [id, made] of Object.entries(stories)) {
      const ranking = ranked(made, rules)
      expect(
        ranking.ruledOut.map(({ cause }) => cause.id),
        id,
      ).not.toContain(id)
      expect(leading(ranking), id).toBe(id)
    }
  },
  'two causes that act together both lead, above each alone': (rules) => {
    const ranking = rank(fulfilment(), catalogue, rules)
    expect(ranking.explanations[0]?.causes.map(({ id }) => id)).toEqual(['D02', 'L08'])
    expect(ranking.ranked.slice(0, 2).map(({ cause }) => cause.id)).toEqual(['D02', 'L08'])
  },
  'a cause that explains nothing more is not taken for a second one': (rules) => {
    const [first] = ranked(stories['D13'] ?? {}, rules).explanations
    expect(first?.causes.map(({ id }) => id)).toEqual(['D13'])
  },
  'what speaks against one of two causes is not excused by the other, which says nothing of it': (rules) => {
    const score = (yes: readonly string[]): number =>
      ranked({ yes }, rules).explanations.find(
        ({ causes }) => causes.map(({ id }) => id).join() === 'D02,L09',
      )?.score ?? 0
    expect(score(['receiver.slow', 'keys.hashed']) - score(['receiver.slow'])).toBeCloseTo(-1.5, 9)
  },
  'an absence counts where its source covers the window, and not where it does not': (rules) => {
    const made = { yes: ['dup.present', 'first-answer.slow'], no: ['process.restarts-beside'] }
    const against = (kinds: Made['kinds']): number | undefined =>
      ranked(kinds === undefined ? made : { ...made, kinds }, rules)
        .ranked.find(({ cause }) => cause.id === 'D08')
        ?.contributions.find(({ signal }) => signal === 'process.restarts-beside')?.logOdds
    expect(against(undefined)).toBe(-3.5)
    expect(against(['effects', 'requests'])).toBeUndefined()
  },
  'no cause is ruled out by a source that is missing': (rules) => {
    const made: Made = { yes: ['onset.step'], no: ['dup.present', 'loss.present'], kinds: ['metrics'] }
    expect(ranked(made, rules).ruledOut).toEqual([])
    expect(
      ranked({ ...made, kinds: ['effects', 'requests', 'metrics'] }, rules).ruledOut.length,
    ).toBeGreaterThan(10)
  },
  'a hard contradiction rules out, with its evidence; a share below its bound does not': (rules) => {
    const same = (share: number): Ranking =>
      ranked(
        {
          ...stories['D02'],
          signals: { ...stories['D02']?.signals, 'keys.same': { value: true, numbers: { share } } },
        },
        rules,
      )
    const out = same(1).ruledOut.find(({ cause }) => cause.id === 'D02')
    expect(out).toMatchObject({ signal: 'keys.same', evidence: [expect.stringMatching(/^E\d+$/)] })
    expect(same(0.6).ruledOut).toEqual([])
  },
  'it abstains without evidence, and where the rows are meant, and not otherwise': (rules) => {
    for (const [id, made] of Object.entries(stories))
      expect(ranked(made, rules).abstained, id).toBe(id.startsWith('N'))
    expect(leading(ranked({}, rules))).toBe('N02')
  },
  'one telling signal alone is not enough to name a cause': (rules) => {
    expect(leading(ranked({ yes: ['segments.contiguous'] }, rules))).toBe('N02')
  },
  'N01 and N02 are always ranked': (rules) => {
    for (const made of [{}, ...Object.values(stories)]) {
      const ids = ranked(made, rules).ranked.map(({ cause }) => cause.id)
      expect(ids).toEqual(expect.arrayContaining(['N01', 'N02']))
    }
  },
  'three to six causes are shown, each with the label of its probability': (rules) => {
    for (const made of [{}, ...Object.values(stories)]) {
      const causes = shown(ranked(made, rules))
      expect(causes.length).toBeGreaterThanOrEqual(3)
      expect(causes.length).toBeLessThanOrEqual(6)
      for (const { probability, label } of causes) {
        const floor = { 'very likely': 0.85, likely: 0.6, possible: 0.3, unlikely: 0.1, remote: 0 }[label]
        const next = { 'very likely': 1.01, likely: 0.85, possible: 0.6, unlikely: 0.3, remote: 0.1 }[label]
        expect(probability).toBeGreaterThanOrEqual(floor)
        expect(probability).toBeLessThan(next)
      }
    }
  },
  'the score of a cause is its prior and its contributions': (rules) => {
    for (const { prior, score, contributions } of ranked(stories['D10'] ?? {}, rules).ranked)
      expect(contributions.reduce((sum, { logOdds }) => sum + logOdds, prior)).toBeCloseTo(score, 9)
  },
  'names of changes do not move the ranking': (rules) => {
    const named = (name: string): readonly string[] =>
      ranked(
        {
          ...stories['D20'],
          bundle: { changes: [{ name, atMs: 0, kind: 'deploy', text: name, evidence: 'E900' }] },
        },
        rules,
      ).ranked.map(({ cause }) => cause.id)
    expect(named('retry_fix')).toEqual(named('x7'))
  },
}

/** Each breaks one decision; a sentence must notice. */
const mutants: Readonly<Record<string, RankRules>> = {
  'an absence always counts': { ...rankRules, valueOf: ({ value }) => value },
  'an absence never counts': { ...rankRules, valueOf: ({ value }) => (value === false ? 'unknown' : value) },
  'what is absent is weighed as seen': {
    ...rankRules,
    weigh: (cause, signal) => rankRules.weigh(cause, signal, true),
  },
  'nothing contradicts': { ...rankRules, contradicts: () => false },
  'bounds of contradictions are not looked at': {
    ...rankRules,
    contradicts: ({ value }, _signal, seen) => seen === value,
  },
  'two causes add up what both explain': {
    ...rankRules,
    together: (weights) => weights.reduce((sum, weight) => sum + weight, 0),
    pairPrior: 3,
  },
  'a silent cause excuses the other': { ...rankRules, together: (weights) => Math.max(...weights) },
  'a second cause costs nothing': { ...rankRules, pairPrior: 4 },
  'no two causes act together': { ...rankRules, pairPrior: -100 },
  'nobody abstains': { ...rankRules, priorOf: (cause) => (cause.kind === 'neither' ? -50 : cause.prior) },
  'thin evidence is enough': { ...rankRules, priorOf: (cause) => (cause.id === 'N02' ? -3 : cause.prior) },
  'it abstains too often': { ...rankRules, priorOf: (cause) => (cause.id === 'N02' ? 8 : cause.prior) },
  'labels are shifted': { ...rankRules, labelOf: (probability) => rankRules.labelOf(probability / 2) },
}

describe('ranking', () => {
  it.each(Object.entries(sentences))('%s', (_, holds) => {
    holds(rankRules)
  })
})

describe('a broken ranking is noticed', () => {
  it.each(Object.entries(mutants))('%s', (_, rules) => {
    expect(Object.values(sentences).some((holds) => isBroken(() => holds(rules)))).toBe(true)
  })
})
