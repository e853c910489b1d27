import type { CheckId, Residual } from './checks.ts'

export type DrillVerdict = 'held' | 'broken' | 'not-reached'

/** What the files of a drill come to. */
export interface Recount {
  /** Lines of peer.jsonl. */
  readonly effects: number
  /** Keys with more than one line in peer.jsonl. */
  readonly duplicated: number
  /** Keys of `acknowledged` lines. */
  readonly acknowledged: number
  /** Of these, the ones without a line in peer.jsonl, or whose entry has not succeeded by its last look in ledger.jsonl. */
  readonly lost: number
  /** Entries that some look found in doubt. */
  readonly inDoubt: number
}

/** What one drill on one store came to. Counts are those of the files in `evidence`. */
export interface DrillResult extends Recount {
  readonly id: string
  /** `sqlite` or `postgres` for a throw-away store, else the URL without its password. */
  readonly store: string
  /** Every invariant that the drill must reach was reached, and nothing was broken. */
  readonly held: boolean
  readonly invariants: Readonly<Partial<Record<CheckId, DrillVerdict>>>
  /** Losses that are documented, and how often they happened. */
  readonly residuals?: Readonly<Record<string, Residual>>
  /** Faults that were injected. */
  readonly faults: number
  readonly measured?: Readonly<Record<string, number>>
  /** What was broken, the first few. */
  readonly violations?: readonly { readonly check: CheckId; readonly key: string; readonly what: string }[]
  /** Why the drill itself could not be held. */
  readonly error?: string
  readonly durationMs: number
  /** Folder with peer.jsonl, ledger.jsonl, events.jsonl, processes.jsonl and plan.json. */
  readonly evidence: string
}

/** A drill that was not held on a store, and why. */
export interface SkippedDrill {
  readonly id: string
  readonly store: string
  readonly why: string
}

export interface DrillReport {
  readonly seed: number
  /** Those that were held, whatever came of it. */
  readonly drills: readonly DrillResult[]
  readonly skipped: readonly SkippedDrill[]
}
