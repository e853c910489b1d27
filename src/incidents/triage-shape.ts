import type { Direction } from './catalogue/cause.ts'
import type { Evidence, SignalClass, SourceKind } from './model.ts'
import type { Label } from './rank/rules.ts'

/** What `onceward triage --json` prints; times are RFC 3339 in UTC. */
export interface Triage {
  readonly incident: string
  readonly title: string
  readonly severity: 'sev-1' | 'sev-2' | 'sev-3'
  readonly severityWhy: { readonly text: string; readonly evidence: readonly string[] }
  readonly problem: string
  readonly problemEvidence: readonly string[]
  readonly window: { readonly from: string; readonly to: string }
  readonly evidence: readonly Evidence[]
  /** The known ones; `value` false is an absence that counts. */
  readonly signals: readonly KnownSignal[]
  readonly unknown: readonly string[]
  /** Ids of causes that are possible or more. */
  readonly ruledIn: readonly string[]
  readonly ruledOut: readonly {
    readonly hypothesis: string
    readonly title: string
    readonly why: string
    readonly evidence: readonly string[]
  }[]
  readonly hypotheses: readonly Hypothesis[]
  /** The likeliest accounts of one cause, or of two that act together. */
  readonly explanations: readonly { readonly causes: readonly string[]; readonly probability: number }[]
  readonly plan: readonly PlanStep[]
  readonly mitigations: readonly MitigationAdvice[]
  readonly fixes: readonly FixAdvice[]
  readonly verification: readonly {
    readonly signal: string
    readonly threshold: string
    readonly within: string
    readonly evidence: readonly string[]
  }[]
  readonly followUp: FollowUp
  readonly contradictions: readonly {
    readonly claim: string
    readonly fact: string
    readonly source: string
    readonly evidence: readonly string[]
  }[]
  readonly abstained: boolean
  readonly missing: readonly SourceKind[]
  /** How the bundle was read: guesses, skew, rows left out. */
  readonly notes: readonly string[]
}

interface KnownSignal {
  readonly id: string
  readonly statement: string
  readonly class: SignalClass
  readonly value: boolean
  readonly evidence: readonly string[]
}

export interface WeighedSignal {
  readonly signal: string
  readonly value: boolean
  readonly logOdds: number
  readonly evidence: readonly string[]
}

export interface Hypothesis {
  readonly id: string
  readonly title: string
  readonly mechanism: string
  /** That it took part; causes may act together, so that these need not add up to 1. */
  readonly probability: number
  readonly label: Label
  readonly prior: number
  readonly score: number
  readonly supporting: readonly WeighedSignal[]
  readonly disconfirming: readonly WeighedSignal[]
  readonly predicts: readonly string[]
  readonly cheapestTest: string
  readonly cheapestStep: string
}

export interface PlanStep {
  readonly step: string
  readonly action: string
  /** In minutes of a person. */
  readonly cost: number
  readonly expectedIf: Readonly<Record<string, string>>
  readonly kills: readonly string[]
  readonly killsIf: { readonly yes: readonly string[]; readonly no: readonly string[] }
  readonly next: { readonly yes: string | null; readonly no: string | null }
  readonly leads: { readonly yes: string; readonly no: string }
  readonly ran?: { readonly answer: 'yes' | 'no'; readonly evidence: readonly string[] }
}

export interface MitigationAdvice {
  readonly id: string
  readonly action: string
  readonly sacrifices: string
  readonly rollback: string
  readonly hypotheses: readonly string[]
  readonly probability: number
  readonly cost: number
  readonly effect: { readonly duplicates: Direction; readonly losses: Direction }
  /** What to take back, where it takes back a change. */
  readonly changes: readonly { readonly name: string; readonly evidence: readonly string[] }[]
  readonly warning?: string
}

export interface FixAdvice {
  readonly id: string
  readonly change: string
  readonly closes: readonly string[]
  readonly test: string
  readonly regressionRisk: string
  readonly probability: number
}

interface FollowUp {
  readonly detectionGap: string
  readonly hardening: string
  readonly timelineNote: string
  readonly alerts: readonly {
    readonly series: string
    readonly at: string
    readonly text: string
    readonly evidence: readonly string[]
  }[]
  readonly evidence: { readonly detectionGap: readonly string[]; readonly timelineNote: readonly string[] }
}
