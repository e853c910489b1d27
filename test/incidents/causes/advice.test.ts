import { describe, expect, it } from 'vitest'
import {
  baselines,
  firesAtMs,
  type ThresholdRules,
  thresholdRules,
} from '../../../src/incidents/advice/baseline.ts'
import { replayAlerts, verifications } from '../../../src/incidents/advice/follow-up.ts'
import { poissonQuantile } from '../../../src/incidents/advice/poisson.ts'
import {
  chooseFixes,
  chooseMitigations,
  type RemedyRules,
  remedyRules,
} from '../../../src/incidents/advice/remedies.ts'
import { builtInCatalogue } from '../../../src/incidents/catalogue/catalogue.ts'
import type { BundleFacts } from '../../../src/incidents/model.ts'
import { knownSignals, rank } from '../../../src/incidents/rank/rank.ts'
import { triage } from '../../../src/incidents/triage.ts'
import { span, when } from '../../../src/incidents/words.ts'
import { isBroken } from './broken.ts'
import { examinationOf, type Made, minuteMs, startMs } from './examination.ts'
import { fulfilment } from './fulfilment.ts'
import { stories } from './causes-at-work.ts'

const catalogue = builtInCatalogue()

function remediesOf(
  made: Made,
  rules: RemedyRules,
): { mitigations: ReturnType<typeof chooseMitigations>; fixes: ReturnType<typeof chooseFixes> } {
  const examination = examinationOf(made)
  const input = {
    ranked: rank(examination, catalogue).ranked,
    catalogue,
    known: knownSignals(examination),
    rules,
  }
  return { mitigations: chooseMitigations(input), fixes: chooseFixes(input) }
}

const remedySentences: Readonly<Record<string, (rules: RemedyRules) => void>> = {
  'each is traced to causes, with sacrifice and rollback': (rules) => {
    for (const [id, made] of Object.entries(stories)) {
      const { mitigations, fixes } = remediesOf(made, rules)
      if (!id.startsWith('N'))
        expect(
          mitigations.flatMap(({ causes }) => causes),
          id,
        ).toContain(id)
      if (!id.startsWith('N'))
        expect(
          fixes.flatMap(({ causes }) => causes),
          id,
        ).toContain(id)
      for (const { mitigation } of mitigations)
        expect(mitigation.sacrifices && mitigation.rollback).not.toBe('')
    }
  },
  'the likelier and cheaper one comes first': (rules) => {
    const { mitigations } = remediesOf(stories['D10'] ?? {}, rules)
    expect(mitigations.slice(0, 2).map(({ mitigation }) => mitigation.id)).toEqual(['M4', 'M6'])
    const worth = mitigations.map(({ probability, mitigation }) => probability / mitigation.costMinutes)
    expect(worth).toEqual(worth.toSorted((a, b) => b - a))
  },
  'retries off are said to trade duplicates for losses': (rules) => {
    const m2 = remediesOf(stories['D01'] ?? {}, rules).mitigations.find(
      ({ mitigation }) => mitigation.id === 'M2',
    )
    expect(m2?.warning).toMatch(/may trade this for losses/)
  },
  'the harm that is there already is said to grow': (rules) => {
    const made = {
      ...stories['D01'],
      signals: { ...stories['D01']?.signals, 'loss.present': { value: true } as const },
    }
    const m2 = remediesOf(made, rules).mitigations.find(({ mitigation }) => mitigation.id === 'M2')
    expect(m2?.warning).toMatch(/more losses, and there are some already/)
  },
  'a backfill is said to make duplicates': (rules) => {
    const m8 = remediesOf(stories['L01'] ?? {}, rules).mitigations.find(
      ({ mitigation }) => mitigation.id === 'M8',
    )
    expect(m8?.warning).toMatch(/duplicates/)
  },
  'the change to take back is named, where a signal names one that speaks for the cause': (rules) => {
    const named = { value: true, names: ['key_format_v2'] } as const
    const made = {
      ...stories['D02'],
      signals: { ...stories['D02']?.signals, 'change.keys': named, 'change.edge': named },
    }
    const m3 = remediesOf(made, rules).mitigations.find(({ mitigation }) => mitigation.id === 'M3')
    expect(m3?.changes).toEqual([{ name: 'key_format_v2', evidence: [expect.stringMatching(/^E\d+$/)] }])
  },
  'what does no harm has no warning': (rules) => {
    const { mitigations } = remediesOf(stories['D02'] ?? {}, rules)
    expect(mitigations.find(({ mitigation }) => mitigation.id === 'M3')).not.toHaveProperty('warning')
  },
}

const remedyMutants: Readonly<Record<string, RemedyRules>> = {
  'the dearest first': { ...remedyRules, order: (probability, cost) => probability * cost },
  'no harm is said': { ...remedyRules, harm: () => undefined },
  'harm is always said': { ...remedyRules, harm: () => 'careful' },
  'one direction of harm': {
    ...remedyRules,
    harm: (effect, present) => remedyRules.harm({ ...effect, losses: 'same' }, present),
  },
  'what is there already is not looked at': {
    ...remedyRules,
    harm: (effect) => remedyRules.harm(effect, { duplicates: false, losses: false }),
  },
}

/** `before` a minute up to minute 60, `after` from then on. */
function bundle(before: number, after: number): BundleFacts {
  const counts = Array.from({ length: 120 }, (_, minute) => (minute < 60 ? before : after))
  const onsetMs = startMs + 60 * minuteMs
  return examinationOf({
    bundle: {
      onset: { fromMs: onsetMs, toMs: onsetMs, evidence: 'E900' },
      series: [{ name: 'duplicates', fromMs: startMs, bucketMs: minuteMs, counts, evidence: 'E900' }],
      timeline: [{ atMs: startMs + 90 * minuteMs, phase: 'detect', text: 'x', evidence: 'E900' }],
    },
  }).bundle
}

const thresholdSentences: Readonly<Record<string, (rules: ThresholdRules) => void>> = {
  'a clean time before asks for none after, in a window that would have shown the trouble': (rules) => {
    const [only] = verifications(bundle(0, 2), baselines(bundle(0, 2)), rules)
    expect(only).toMatchObject({ signal: 'duplicates', within: '15 min' })
    expect(only?.threshold).toMatch(/^at most 0 /)
  },
  'rare trouble is waited for longer': (rules) => {
    const series = bundle(0, 0).series.map((each) => ({
      ...each,
      counts: each.counts.map((_, at) => (at % 30 === 29 && at > 60 ? 1 : 0)),
    }))
    const facts = { ...bundle(0, 0), series }
    expect(verifications(facts, baselines(facts), rules)[0]?.within).toBe('5 h')
  },
  'the usual rate before is let through, and the trouble is not': (rules) => {
    const [baseline] = baselines(bundle(4, 20))
    if (baseline === undefined) throw new Error('no baseline')
    const { most, windowMs } = rules.verify(baseline)
    const minutes = windowMs / minuteMs
    expect(most).toBeGreaterThanOrEqual(4 * minutes)
    expect(most).toBeLessThan(20 * minutes)
  },
  'an alert that is replayed is silent before the onset and fires soon after': (rules) => {
    for (const before of [0, 1, 4]) {
      const [alert] = replayAlerts(baselines(bundle(before, before + 20)), rules)
      expect(alert?.atMs).toBeGreaterThan(startMs + 60 * minuteMs)
      expect(alert?.atMs).toBeLessThanOrEqual(startMs + 65 * minuteMs)
    }
  },
}

const thresholdMutants: Readonly<Record<string, ThresholdRules>> = {
  'the baseline is not looked at': {
    ...thresholdRules,
    verify: ({ series }) => ({ most: 0, windowMs: series.bucketMs * 15 }),
  },
  'half of the trouble will do': {
    ...thresholdRules,
    verify: (baseline) => ({ most: Math.ceil(baseline.after * 15 + 1), windowMs: 15 * minuteMs }),
  },
  'always a quarter of an hour': {
    ...thresholdRules,
    verify: (baseline) => ({ ...thresholdRules.verify(baseline), windowMs: 15 * minuteMs }),
  },
  'alerts at anything': { ...thresholdRules, alert: () => ({ most: 0, windowMs: minuteMs }) },
  'alerts at nothing': { ...thresholdRules, alert: () => ({ most: 1e9, windowMs: minuteMs }) },
}

describe('remedies', () => {
  it.each(Object.entries(remedySentences))('%s', (_, holds) => {
    holds(remedyRules)
  })

  it.each(Object.entries(remedyMutants))('notices a mutant: %s', (_, rules) => {
    expect(Object.values(remedySentences).some((holds) => isBroken(() => holds(rules)))).toBe(true)
  })
})

describe('thresholds and alerts', () => {
  it.each(Object.entries(thresholdSentences))('%s', (_, holds) => {
    holds(thresholdRules)
  })

  it.each(Object.entries(thresholdMutants))('notices a mutant: %s', (_, rules) => {
    expect(Object.values(thresholdSentences).some((holds) => isBroken(() => holds(rules)))).toBe(true)
  })
})

describe('follow-up', () => {
  it('says how long before the first notice an alert would have fired', () => {
    const { followUp } = triage(fulfilment(), { catalogue })
    expect(followUp.detectionGap).toMatch(/From the onset to the first notice 6 min/)
    expect(followUp.detectionGap).toMatch(
      /would have fired at 2026-02-07 13:46 UTC, 1 min before the first notice/,
    )
    expect(followUp.alerts[0]).toMatchObject({ series: 'duplicates', at: '2026-02-07T13:46:00.000Z' })
  })

  it('tells the time line without anybody', () => {
    const { followUp } = triage(fulfilment(), { catalogue })
    expect(followUp.timelineNote).toMatch(/At 2026-02-07 13:47 UTC it was noticed/)
    expect(JSON.stringify(followUp)).not.toMatch(/Alicia/)
  })

  it('computes no threshold without a rate before', () => {
    expect(triage(examinationOf(stories['D02'] ?? {}), { catalogue }).verification).toEqual([])
    expect(
      firesAtMs(
        { series: bundle(0, 0).series[0] ?? never(), before: 0, after: 0, bucketsBefore: 1, onsetBucket: 1 },
        { most: 1, windowMs: minuteMs },
      ),
    ).toBeUndefined()
  })

  it('names the sources that would help most, and none that are there', () => {
    const made = { yes: ['dup.present', 'effect-ids.different'], kinds: ['effects'] } as const
    const { missing } = triage(examinationOf(made), { catalogue })
    expect(missing).toHaveLength(3)
    expect(missing).not.toContain('effects')
    expect(triage(examinationOf({ yes: made.yes }), { catalogue }).missing).toEqual([])
    expect(triage(examinationOf({ kinds: [] }), { catalogue })).toMatchObject({
      abstained: true,
      missing: expect.arrayContaining(['effects']),
    })
  })

  it('judges severity by what was measured and noted', () => {
    const severity = (made: Made): string => triage(examinationOf(made), { catalogue }).severity
    expect(triage(fulfilment(), { catalogue }).severity).toBe('sev-1')
    expect(severity({ yes: ['loss.total'] })).toBe('sev-1')
    expect(severity(stories['D02'] ?? {})).toBe('sev-2')
    expect(severity({ signals: { 'dup.present': { value: true, numbers: { groups: 1 } } } })).toBe('sev-3')
  })
})

describe('words', () => {
  it('give quantiles of Poisson distributions', () => {
    expect([0, 0.5, 1, 5, 50].map((mean) => poissonQuantile(mean, 0.999))).toEqual([0, 4, 5, 13, 73])
    expect(poissonQuantile(1000, 0.999)).toBeGreaterThan(1090)
    expect(poissonQuantile(1000, 0.999)).toBeLessThan(1105)
  })

  it('give spans and times', () => {
    expect([250, 41_000, 11_520_000, 3_599_999, 90_061_000].map(span)).toEqual([
      '250 ms',
      '41 s',
      '3 h 12 min',
      '1 h',
      '1 d 1 h',
    ])
    expect(when(Date.UTC(2026, 1, 7, 13, 42, 7))).toBe('2026-02-07 13:42:07 UTC')
  })
})

function never(): never {
  throw new Error('no series')
}
