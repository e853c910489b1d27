import {
  type BundleFacts,
  type Evidence,
  type Examination,
  type Signal,
  type SignalValue,
  signalSpecs,
  type SourceKind,
  sourceKinds,
} from '../../../src/incidents/model.ts'

interface SignalMade {
  readonly value: SignalValue
  readonly numbers?: Readonly<Record<string, number>>
  readonly statement?: string
  readonly names?: readonly string[]
}

export interface Made {
  readonly yes?: readonly string[]
  readonly no?: readonly string[]
  /** With numbers or a statement of its own. */
  readonly signals?: Readonly<Record<string, SignalMade>>
  /** The kinds of sources that were supplied and cover the window; all, unless said. */
  readonly kinds?: readonly SourceKind[]
  readonly bundle?: Partial<BundleFacts>
}

export const minuteMs = 60_000
/** A date of its own, far from any clock of the machine. */
export const startMs: number = Date.UTC(2026, 1, 7, 13, 0)

/** Signals by hand: what is named is known, all others are unknown. Evidence is numbered in the order of the list. */
export function examinationOf({
  yes = [],
  no = [],
  signals = {},
  kinds = sourceKinds,
  bundle = {},
}: Made): Examination {
  const values: Record<string, SignalMade> = {
    ...Object.fromEntries(yes.map((id) => [id, { value: true }])),
    ...Object.fromEntries(no.map((id) => [id, { value: false }])),
    ...signals,
  }
  const stray = Object.keys(values).find((id) => signalSpecs.every((spec) => spec.id !== id))
  if (stray !== undefined) throw new Error(`${stray} is no signal.`)
  const evidence: Evidence[] = []
  const made = signalSpecs.map((spec): Signal => {
    const given: SignalMade = values[spec.id] ?? { value: 'unknown' }
    const { value, statement = `${spec.id} was looked at.` } = given
    if (value === 'unknown') return { id: spec.id, statement, class: spec.class, value, evidence: [] }
    const id = `E${evidence.length + 1}`
    evidence.push({ id, source: 'effects', statement, query: `SELECT '${spec.id}'` })
    return { ...given, id: spec.id, statement, class: spec.class, value, evidence: [id] }
  })
  return { bundle: bundleOf(kinds, bundle), evidence: [...evidence, noted], signals: made }
}

/** What texts, changes and series of a made bundle cite. */
export const noted: Evidence = {
  id: 'E900',
  source: 'incident.yaml',
  statement: 'What people noted.',
  query: 'incident.yaml',
}

function bundleOf(kinds: readonly SourceKind[], given: Partial<BundleFacts>): BundleFacts {
  return {
    id: 'INC-1',
    title: 'Made by hand',
    window: { fromMs: startMs, toMs: startMs + 120 * minuteMs },
    sources: kinds.map((kind) => ({
      id: kind,
      kind,
      path: `${kind}.jsonl`,
      rows: 10,
      rejectedRows: 0,
      covers: { fromMs: startMs, toMs: startMs + 120 * minuteMs },
      coversWindow: true,
    })),
    known: {},
    timeline: [],
    changes: [],
    alerts: [],
    series: [],
    claims: [],
    impact: [],
    notes: [],
    ...given,
  }
}
