import { describe, expect, it } from 'vitest'
import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import { withAnswers } from '../../../src/incidents/plan/answers.ts'
import { plan, planRules, type PlanRules, type Step } from '../../../src/incidents/plan/plan.ts'
import { rank } from '../../../src/incidents/rank/rank.ts'
import { triage } from '../../../src/incidents/triage.ts'
import { isBroken } from './broken.ts'
import { examinationOf, type Made } from './examination.ts'
import { stories } from './causes-at-work.ts'

const catalogue = builtInCatalogue()
/** Duplicates whose keys, payloads and gaps nobody has looked at. */
const open: Made = { yes: ['dup.present', 'effect-ids.different'] }

function planned(made: Made, rules: PlanRules): readonly Step[] {
  const examination = examinationOf(made)
  return plan({ examination, catalogue, ranking: rank(examination, catalogue), rules })
}

const sentences: Readonly<Record<string, (rules: PlanRules) => void>> = {
  'steps that the bundle answers are run, first, with their evidence': (rules) => {
    const [first] = planned(stories['D02'] ?? {}, rules)
    expect(first).toMatchObject({
      step: 'keys-per-reference',
      ran: { answer: 'yes', evidence: [expect.any(String)] },
    })
  },
  'no step asks what is known, and none asks twice on one way': (rules) => {
    const steps = planned(open, rules).filter(({ ran }) => ran === undefined)
    expect(steps.map(({ signal }) => signal)).not.toContain('dup.present')
    const walk = (step: Step | undefined, asked: readonly string[]): void => {
      if (step === undefined) return
      expect(asked).not.toContain(step.signal)
      for (const next of [step.next.yes, step.next.no])
        walk(
          steps.find((each) => each.step === next),
          [...asked, step.signal],
        )
    }
    walk(steps[0], [])
  },
  'every next step is there, after the one that names it': (rules) => {
    const steps = planned(open, rules)
    expect(new Set(steps.map(({ step }) => step)).size).toBe(steps.length)
    for (const [at, { next }] of steps.entries())
      for (const name of [next.yes, next.no])
        if (name !== null) expect(steps.findIndex(({ step }) => step === name)).toBeGreaterThan(at)
  },
  'a step kills what its answer makes remote': (rules) => {
    const [first] = planned(open, rules)
    const killed = [...(first?.kills.yes ?? []), ...(first?.kills.no ?? [])]
    expect(killed.length).toBeGreaterThan(0)
    for (const answer of ['yes', 'no'] as const) {
      const answered = withAnswers(examinationOf(open), catalogue, [`${first?.step}=${answer}`])
      const after = rank(answered, catalogue).ranked
      for (const id of first?.kills[answer] ?? [])
        expect(after.find(({ cause }) => cause.id === id)?.probability ?? 0).toBeLessThan(0.06)
    }
  },
  'of two tests the one with more information for its cost is first': (rules) => {
    const [first] = planned({ yes: ['dup.present', 'payload.equal'] }, rules)
    expect(first).toMatchObject({ step: 'keys-per-reference', costMinutes: 3 })
  },
  'it ends where a cause is settled': (rules) => {
    expect(planned(stories['D13'] ?? {}, rules).filter(({ ran }) => ran === undefined).length).toBeLessThan(4)
  },
  'it goes on where nobody can say yet': (rules) => {
    const steps = planned(open, rules).filter(({ ran }) => ran === undefined)
    expect(steps.length).toBeGreaterThan(3)
    expect(steps.length).toBeLessThanOrEqual(15)
  },
  'a likely yes is expected of the cause that makes it so': (rules) => {
    const step = planned(open, rules).find(({ signal }) => signal === 'process.restarts-beside')
    expect(step?.yesIf['D08']).toBeGreaterThan(0.9)
    expect(step?.yesIf['D01']).toBeLessThan(0.6)
  },
}

const mutants: Readonly<Record<string, PlanRules>> = {
  'cost is not looked at': { ...planRules, worth: (gain) => -gain },
  'the dearest first': { ...planRules, worth: (gain, cost) => gain * cost * cost },
  'never settled': { ...planRules, isSettled: () => false },
  'settled at once': { ...planRules, isSettled: () => true },
  'nothing is killed': { ...planRules, isKilled: () => false },
  'everything is killed': { ...planRules, isKilled: () => true },
  'one step deep': { ...planRules, deepest: 1 },
}

describe('the plan', () => {
  it.each(Object.entries(sentences))('%s', (_, holds) => {
    holds(planRules)
  })
})

describe('a broken plan is noticed', () => {
  it.each(Object.entries(mutants))('%s', (_, rules) => {
    expect(Object.values(sentences).some((holds) => isBroken(() => holds(rules)))).toBe(true)
  })
})

describe('answers', () => {
  const leadWith = (answers: readonly string[]): string | undefined =>
    triage(examinationOf(open), { catalogue, answers }).hypotheses[0]?.id

  it('move the ranking, each as evidence of its own', () => {
    expect(leadWith([])).toBe('N02')
    const answers = ['keys-per-reference=yes', 'keys-time-derived=yes', 'payload-equal=yes']
    expect(leadWith(answers)).toBe('D02')
    const { evidence, hypotheses } = triage(examinationOf(open), { catalogue, answers })
    expect(evidence.filter(({ source }) => source === 'answer').map(({ id }) => id)).toEqual([
      'A1',
      'A2',
      'A3',
    ])
    expect(hypotheses[0]?.supporting).toContainEqual(
      expect.objectContaining({ signal: 'keys.different', evidence: ['A1'] }),
    )
  })

  it('count as absences whatever was supplied', () => {
    const answered = withAnswers(examinationOf({ kinds: [] }), catalogue, ['keys-per-reference=no'])
    const d02 = rank(answered, catalogue).ranked.find(({ cause }) => cause.id === 'D02')
    expect(d02?.contributions).toEqual([{ signal: 'keys.different', value: false, logOdds: -4 }])
  })

  it('take the place of what was measured, and are taken from any branch of the tree', () => {
    const measured = examinationOf({ yes: ['keys.different'] })
    for (const name of ['keys-per-reference', 'keys-per-reference.2', 'keys.different'])
      expect(
        withAnswers(measured, catalogue, [`${name}=no`]).signals.find(({ id }) => id === 'keys.different')
          ?.value,
      ).toBe(false)
  })

  it.each(['keys-per-reference', 'keys-per-reference=maybe', 'no-such-step=yes', '=yes'])(
    'refuses %s',
    (answer) => {
      expect(() => withAnswers(examinationOf(open), catalogue, [answer])).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    },
  )
})
