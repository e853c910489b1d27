import type { Importance } from '../bundle/notes.ts'
import type { Evidence, Phase } from '../model.ts'

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
  /** `not judged` where nothing speaks of it. */
  readonly outcome: 'worked' | 'failed' | 'missed' | 'not judged'
  readonly why: string
  /** What causes and time line say, where somebody has said something of their own. */
  readonly derived?: { readonly outcome: ControlVerdict['outcome']; readonly why: string }
}

/** One step of the causal chain. Without `from` it goes on from the step before. */
export interface Cause {
  readonly why: string
  readonly because: string
  /** As it is written in incident.yaml. */
  readonly evidence?: string
  /** Ids in `evidence` that it names; empty where none was given. */
  readonly cites: readonly string[]
  /** The number of the step that it branches from, from 1. */
  readonly from?: number
}

export interface EvidenceEntry extends Evidence {
  /** `cited`: something above names it. `found`: it belongs to a signal that is true. `other`: the rest, negative findings among it. */
  readonly standing: 'cited' | 'found' | 'other'
}

export interface PackedFile {
  /** Inside the bundle; of an imported time line, the name of its file. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** It was given beside the bundle, as a time line. */
  readonly isImported?: true
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
  readonly limits: readonly {
    readonly name: string
    readonly value: string
    /** The bar that it falls into, from 0. */
    readonly afterBar: number
    /** Where it stands on the scale: 2.5 is the middle of the third bar. Absent where it lies beyond. */
    readonly position?: number
  }[]
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
    /** How many lines are like it. */
    readonly count: number
  }[]
  readonly causes: readonly Cause[]
  /** Steps of `causes` that cite nothing. */
  readonly causesWithoutEvidence: number
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
  readonly evidence: readonly EvidenceEntry[]
  readonly pack: readonly PackedFile[]
  readonly notes: readonly string[]
  readonly lint: readonly LintRemark[]
}
