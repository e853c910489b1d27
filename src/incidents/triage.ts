import { timestamp } from '../kernel/time.ts'
import { type Baseline, baselines } from './advice/baseline.ts'
import {
  detectionGap,
  hardening,
  replayAlerts,
  timelineNote,
  together,
  verifications,
  windowText,
} from './advice/follow-up.ts'
import { missingSources } from './advice/missing.ts'
import { chooseFixes, chooseMitigations } from './advice/remedies.ts'
import { judgeSeverity } from './advice/severity.ts'
import type { Catalogue } from './catalogue/cause.ts'
import { contradictionsIn } from './contradictions/contradictions.ts'
import type { Contradicted } from './contradictions/found.ts'
import { type Evidence, type Examination, signalSpecs } from './model.ts'
import { withAnswers } from './plan/answers.ts'
import { plan, type Step } from './plan/plan.ts'
import { type Known, knownSignals, rank, type Ranked, type Ranking, shown } from './rank/rank.ts'
import { percent } from './words.ts'
import type { Hypothesis, PlanStep, Triage } from './triage-shape.ts'

export interface TriageOptions {
  readonly catalogue: Catalogue
  /** `STEP=yes` or `STEP=no`. */
  readonly answers?: readonly string[]
}

/** Ranks, plans and advises. Pure: the same examination gives the same answer. Throws `OPTION_INVALID` of an answer. */
export function triage(given: Examination, { catalogue, answers = [] }: TriageOptions): Triage {
  const examination = withAnswers(given, catalogue, answers)
  const known = knownSignals(examination)
  const ranking = rank(examination, catalogue)
  const { bundle } = examination
  const found = baselines(bundle)
  const contradicted = contradictionsIn({ bundle, known, ranking })
  const severity = judgeSeverity(bundle, known)
  const facts = contradicted.map((each, at) => factEvidence(each, at))
  return {
    incident: bundle.id,
    title: bundle.title,
    severity: severity.severity,
    severityWhy: { text: severity.why, evidence: severity.evidence },
    ...problemOf(known, examination),
    window: { from: timestamp(bundle.window.fromMs), to: timestamp(bundle.window.toMs) },
    evidence: [bundleEvidence(examination), ...examination.evidence, catalogueEvidence(catalogue), ...facts],
    signals: known.map(({ signal: { id, statement, class: kind, evidence }, value }) => ({
      id,
      statement,
      class: kind,
      value,
      evidence,
    })),
    unknown: signalSpecs.map(({ id }) => id).filter((id) => known.every(({ signal }) => signal.id !== id)),
    ruledIn: ranking.ranked.filter(({ probability }) => probability >= 0.3).map(({ cause }) => cause.id),
    ruledOut: ranking.ruledOut.map(({ cause, why, evidence }) => ({
      hypothesis: cause.id,
      title: cause.title,
      why,
      evidence,
    })),
    hypotheses: shown(ranking).map((each) => hypothesisOf(each, known)),
    explanations: ranking.explanations.slice(0, 3).map(({ causes, probability }) => ({
      causes: causes.map(({ id }) => id),
      probability: chance(probability),
    })),
    plan: plan({ examination, catalogue, ranking }).map(stepOf),
    ...remediesOf(ranking, catalogue, known),
    ...followUpOf(examination, found, { ranking, catalogue, known }),
    contradictions: contradicted.map(({ claim, fact, source, evidence }, at) => ({
      claim,
      fact,
      source,
      evidence: [...new Set([...evidence, facts[at]?.id ?? ''])],
    })),
    abstained: ranking.abstained,
    missing: missingSources(bundle, ranking.ranked, new Set(known.map(({ signal }) => signal.id))),
    notes: bundle.notes,
  }
}

/** Four digits: what machines of all kinds agree on. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}

/** Nothing here is certain: no probability is given as 1. */
function chance(probability: number): number {
  return Math.min(0.9999, rounded(probability))
}

const harms = ['dup.present', 'loss.present', 'field.missing', 'store.unique-violations']

function problemOf(
  known: readonly Known[],
  { signals }: Examination,
): Pick<Triage, 'problem' | 'problemEvidence'> {
  const found = harms.flatMap((id) => known.filter(({ signal, value }) => signal.id === id && value))
  const suspected = signals.find(({ id, value }) => id === 'dup.present' && value === 'unknown')
  if (found.length === 0 && (suspected?.numbers?.['groups'] ?? 0) > 0)
    return { problem: suspected?.statement ?? '', problemEvidence: suspected?.evidence ?? [] }
  if (found.length === 0)
    return {
      problem: 'No duplicate, no loss and no missing field was measured in what was supplied.',
      problemEvidence: [],
    }
  return {
    problem: found.map(({ signal }) => signal.statement).join(' '),
    problemEvidence: [...new Set(found.flatMap(({ signal }) => signal.evidence))],
  }
}

function bundleEvidence({ bundle }: Examination): Evidence {
  return {
    id: 'B1',
    source: 'incident.yaml',
    statement: windowText(bundle),
    query: 'incident.yaml: id, title, window, sources',
  }
}

function catalogueEvidence({ causes, digest }: Catalogue): Evidence {
  return {
    id: 'C1',
    source: 'catalogue',
    statement: `Mechanisms, log-odds, tests and remedies are those of the catalogue of ${causes.length} causes, digest ${digest}.`,
    query: 'docs/reference/hypotheses.md',
  }
}

function factEvidence({ source, fact }: Contradicted, at: number): Evidence {
  return { id: `P${at + 1}`, source, statement: fact, query: source }
}

function hypothesisOf(
  { cause, probability, label, prior, score, contributions }: Ranked,
  known: readonly Known[],
): Hypothesis {
  const said = contributions.map(({ signal, value, logOdds }) => ({
    signal,
    value,
    logOdds,
    evidence: known.find((each) => each.signal.id === signal)?.signal.evidence ?? [],
  }))
  return {
    id: cause.id,
    title: cause.title,
    mechanism: cause.mechanism,
    probability: chance(probability),
    label,
    prior,
    score: rounded(score),
    supporting: said.filter(({ logOdds }) => logOdds > 0),
    disconfirming: said.filter(({ logOdds }) => logOdds < 0),
    predicts: cause.predicts,
    cheapestTest: cause.test.action,
    cheapestStep: cause.test.step,
  }
}

function stepOf({ step, action, costMinutes, yesIf, kills, next, leads, ran }: Step): PlanStep {
  const expectedIf = Object.entries(yesIf).map(([id, share]) => [id, expectation(share)] as const)
  const base = {
    step,
    action,
    cost: costMinutes,
    expectedIf: Object.fromEntries(expectedIf),
    kills: [...new Set([...kills.yes, ...kills.no])],
    killsIf: kills,
    next,
    leads,
  }
  return ran === undefined ? base : { ...base, ran }
}

function expectation(share: number): string {
  return share >= 0.5 ? `yes (${percent(share)})` : `no (${percent(1 - share)})`
}

function remediesOf(
  { ranked }: Ranking,
  catalogue: Catalogue,
  known: readonly Known[],
): Pick<Triage, 'mitigations' | 'fixes'> {
  return {
    mitigations: chooseMitigations({ ranked, catalogue, known }).map(
      ({ mitigation, causes, probability, changes, warning }) => ({
        id: mitigation.id,
        action: mitigation.action,
        sacrifices: mitigation.sacrifices,
        rollback: mitigation.rollback,
        hypotheses: causes,
        probability: chance(probability),
        cost: mitigation.costMinutes,
        effect: mitigation.effect,
        changes,
        ...(warning === undefined ? {} : { warning }),
      }),
    ),
    fixes: chooseFixes({ ranked, catalogue, known }).map(({ fix, causes, probability }) => ({
      id: fix.id,
      change: fix.change,
      closes: causes,
      test: fix.test,
      regressionRisk: fix.regressionRisk,
      probability: chance(probability),
    })),
  }
}

function followUpOf(
  { bundle }: Examination,
  found: readonly Baseline[],
  { ranking, catalogue, known }: { ranking: Ranking; catalogue: Catalogue; known: readonly Known[] },
): Pick<Triage, 'verification' | 'followUp'> {
  const alerts = replayAlerts(found)
  const gap = together(detectionGap(bundle, alerts))
  const note = together(timelineNote(bundle))
  return {
    verification: verifications(bundle, found),
    followUp: {
      detectionGap: gap.text,
      hardening: hardening(chooseFixes({ ranked: ranking.ranked, catalogue, known })).join('; '),
      timelineNote: note.text,
      alerts: alerts.map(({ series, atMs, text, evidence }) => ({
        series,
        at: timestamp(atMs),
        text,
        evidence,
      })),
      evidence: { detectionGap: gap.evidence, timelineNote: note.evidence },
    },
  }
}
