import { changeSignals } from './signal-list/changes.ts'
import { lossSignals } from './signal-list/losses.ts'
import { pairSignals } from './signal-list/pairs.ts'
import type { SignalClass, SignalSpec, SourceKind } from './signal-list/spec.ts'
import { systemSignals } from './signal-list/systems.ts'

export { type SignalClass, type SignalSpec, type SourceKind, sourceKinds } from './signal-list/spec.ts'

/*
 * What the two halves of triage hand each other: reading a bundle and measuring signals on one side, causes, plan and
 * reports on the other. Times are milliseconds since 1970 in UTC, sizes are bytes.
 */

/** One thing that was measured or read, and how to measure it again. */
export interface Evidence {
  /** `E1`, `E2`, … in the order in which the bundle gives them: the same bundle gives the same ids. */
  readonly id: string
  /** The id of the bundle's source, or `incident.yaml`. */
  readonly source: string
  /** A whole sentence; every figure in it was measured in `source`. */
  readonly statement: string
  /** What a person can run to see it again: SQL, a command, or the place in a file. */
  readonly query: string
}

export type SignalValue = true | false | 'unknown'

export interface Signal {
  /** One of `signalSpecs`. */
  readonly id: string
  /** A whole sentence with its figures; said of `unknown` ones too: why it is not known. */
  readonly statement: string
  readonly class: SignalClass
  readonly value: SignalValue
  /** Ids of evidence. A true or false signal has at least one. */
  readonly evidence: readonly string[]
  /** What was measured, by the names that its spec gives. */
  readonly numbers?: Readonly<Record<string, number>>
  /** What it is about, by name: the change at the onset, the endpoint, the field, the event type. */
  readonly names?: readonly string[]
  /** Where a person answered: their "no" needs no source that covers the window. */
  readonly answered?: true
}

/** Every signal that the catalogue knows; the measuring side gives exactly one of each. */
export const signalSpecs: readonly SignalSpec[] = [
  ...pairSignals,
  ...systemSignals,
  ...changeSignals,
  ...lossSignals,
]

export interface TimeSpan {
  readonly fromMs: number
  readonly toMs: number
}

export interface SourceFacts {
  readonly id: string
  readonly kind: SourceKind
  readonly path: string
  readonly rows: number
  readonly rejectedRows: number
  /** What it covers, as stated or as its rows show; null where neither says. */
  readonly covers: TimeSpan | null
  readonly coversWindow: boolean
}

export const phases = ['detect', 'escalate', 'mitigate', 'resolve'] as const
export type Phase = (typeof phases)[number]

export interface TimelineFact {
  readonly atMs: number
  readonly phase: Phase
  readonly text: string
  readonly source?: string
  readonly evidence: string
}

export interface ChangeFact {
  readonly name: string
  readonly atMs: number
  readonly kind: 'deploy' | 'flag' | 'config' | 'other'
  readonly text: string
  readonly evidence: string
}

export interface AlertFact {
  readonly name: string
  readonly atMs: number
  readonly evidence: string
}

/** Counts in buckets of equal length, without holes, from `fromMs` on. */
export interface SeriesFact {
  /** `duplicates`, `losses`, `effects`, `errors`, `unique-violations`, `missing-fields`, `refusals`: those that could be counted. */
  readonly name: string
  readonly fromMs: number
  readonly bucketMs: number
  readonly counts: readonly number[]
  readonly evidence: string
}

/** A text of the bundle that may state a cause or a fact: it is checked, never believed. */
export interface ClaimFact {
  /** Where it stands: `summary`, `timeline[3]`, `whys[1].because`, `DOCUMENT: SECTION`, `changes: NAME`, or `log: SOURCE` (at most 200). */
  readonly place: string
  readonly text: string
  readonly evidence: string
}

export interface ImpactFact {
  readonly label: string
  readonly value: string | number
  readonly unit?: string
  readonly evidence: string
}

/** What was read of a bundle. */
export interface BundleFacts {
  readonly id: string
  readonly title: string
  readonly service?: string
  readonly summary?: string
  readonly window: TimeSpan
  readonly sources: readonly SourceFacts[]
  /** `known` of incident.yaml and what configuration files gave: names as in interfaces.md. */
  readonly known: Readonly<Record<string, number | readonly number[]>>
  readonly timeline: readonly TimelineFact[]
  readonly changes: readonly ChangeFact[]
  readonly alerts: readonly AlertFact[]
  /** When it began: the interval of the change point of duplicates or losses; absent where none was found. */
  readonly onset?: TimeSpan & { readonly evidence: string }
  readonly series: readonly SeriesFact[]
  readonly claims: readonly ClaimFact[]
  readonly impact: readonly ImpactFact[]
  /** Whole sentences on how it was read: guessed columns, skew, zones, rows left out. */
  readonly notes: readonly string[]
}

/** All that the causes are ranked by: the whole answer of the measuring side. */
export interface Examination {
  readonly bundle: BundleFacts
  readonly evidence: readonly Evidence[]
  readonly signals: readonly Signal[]
}
