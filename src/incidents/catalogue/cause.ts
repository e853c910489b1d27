/** `neither`: it is no fault, or nobody can say. */
export type CauseKind = 'duplicate' | 'loss' | 'neither'

/**
 * What a signal says of a cause, as natural logarithms of odds: the first where it is true, the second where it is
 * false. They have opposite signs, since one of the two must speak for the cause where the other speaks against it.
 */
export type Odds = readonly [whenTrue: number, whenFalse: number]

/** What cannot be, if this is the cause. `atLeast` bounds a number of the signal: a share below it may have two causes. */
export interface Contradiction {
  readonly signal: string
  readonly value: boolean
  readonly atLeast?: { readonly number: string; readonly value: number }
  readonly why: string
}

export interface Test {
  /** The name of the plan's step; `--answer NAME=yes` takes it. */
  readonly step: string
  /** The signal that its answer decides: yes is true. */
  readonly signal: string
  /** The command or query to run. */
  readonly action: string
  readonly costMinutes: number
}

export interface Cause {
  readonly id: string
  readonly title: string
  readonly kind: CauseKind
  readonly mechanism: string
  /** Logarithm of odds before any signal. */
  readonly prior: number
  readonly signals: Readonly<Record<string, Odds>>
  readonly contradictions: readonly Contradiction[]
  readonly test: Test
  readonly mitigations: readonly string[]
  readonly fixes: readonly string[]
  /** What will be seen, if this is the cause: each can turn out wrong. */
  readonly predicts: readonly string[]
}

export type Direction = 'fewer' | 'same' | 'more'

export interface Mitigation {
  readonly id: string
  readonly action: string
  readonly sacrifices: string
  readonly rollback: string
  /** Both directions of harm: what it does to each while it is on. */
  readonly effect: { readonly duplicates: Direction; readonly losses: Direction }
  readonly costMinutes: number
  /** It takes back a change: those that the signals name are said with it. */
  readonly revertsChange?: true
}

export interface Fix {
  readonly id: string
  readonly change: string
  readonly test: string
  readonly regressionRisk: string
  readonly hardening: string
  readonly costDays: number
}

export interface Catalogue {
  readonly causes: readonly Cause[]
  readonly mitigations: readonly Mitigation[]
  readonly fixes: readonly Fix[]
  /** SHA-256 over the canonical JSON of all three, in hex. */
  readonly digest: string
}
