import type { Importance, WhyNote } from '../bundle/manifest.ts'
import type { Phase } from '../model.ts'

/** Phases of people's notes, and what the data says beside them. */
export type Mark = Phase | 'onset' | 'change' | 'alert'

export interface TimelineEntry {
  /** RFC 3339. */
  readonly at: string
  readonly phase: Mark
  readonly text: string
  /** The id of a source, `notes`, or where an imported line comes from. */
  readonly source: string
  readonly importance: Importance
  readonly evidence: readonly string[]
}

export interface ControlVerdict {
  readonly name: string
  readonly type: 'preventive' | 'detective' | 'containment'
  readonly outcome: 'worked' | 'failed' | 'missed'
  readonly why: string
  /** What the time line says, where somebody has said otherwise. */
  readonly derived?: { readonly outcome: ControlVerdict['outcome']; readonly why: string }
}

export interface RemediationItem {
  readonly action: string
  /** A role, not a person. */
  readonly owner: string
  readonly due: string
  readonly status: string
  readonly closes?: string
}

/** Counts in buckets, with what is marked on them. */
export interface RateChart {
  readonly name: string
  readonly from: string
  readonly bucketMs: number
  readonly counts: readonly number[]
  readonly onset?: { readonly from: string; readonly to: string }
  readonly changes: readonly { readonly at: string; readonly name: string }[]
  readonly evidence: readonly string[]
}

export interface Histogram {
  readonly title: string
  readonly unit: string
  readonly bars: readonly { readonly upTo: string; readonly count: number }[]
  readonly limits: readonly { readonly name: string; readonly value: string; readonly afterBar: number }[]
}

export interface LintRemark {
  /** As in incident.yaml: `whys[0].because`. */
  readonly place: string
  readonly text: string
  readonly why: string
  readonly suggestion: string
}

/** What `onceward postmortem --json` prints. Times are RFC 3339 in UTC. */
export interface PostMortem {
  readonly onceward: 'post-mortem/v1'
  readonly incident: string
  readonly title: string
  readonly service?: string
  readonly severity?: string
  readonly window: { readonly from: string; readonly to: string }
  readonly summary?: string
  readonly impact: readonly {
    readonly label: string
    readonly value: string
    readonly unit?: string
    readonly evidence: readonly string[]
  }[]
  readonly customerImpact?: string
  readonly timeline: readonly TimelineEntry[]
  readonly excerpts: readonly {
    readonly at?: string
    readonly source: string
    readonly line: number
    readonly text: string
  }[]
  readonly causes: readonly WhyNote[]
  /** What triage ranks, where it was asked. */
  readonly ranked: readonly {
    readonly id: string
    readonly title: string
    readonly probability: number
    readonly label: string
    readonly evidence: readonly string[]
  }[]
  readonly triggers: readonly { readonly text: string; readonly evidence: readonly string[] }[]
  readonly contributing: readonly {
    readonly at: string
    readonly name: string
    readonly text: string
    readonly evidence: readonly string[]
  }[]
  readonly controls: readonly ControlVerdict[]
  readonly remediation: readonly RemediationItem[]
  readonly wentWell: readonly string[]
  readonly wentBadly: readonly string[]
  readonly luck: readonly string[]
  readonly openQuestions: readonly string[]
  readonly rates: readonly RateChart[]
  readonly histograms: readonly Histogram[]
  readonly evidence: readonly {
    readonly id: string
    readonly source: string
    readonly statement: string
    readonly query: string
  }[]
  readonly pack: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[]
  readonly notes: readonly string[]
  readonly lint: readonly LintRemark[]
}
