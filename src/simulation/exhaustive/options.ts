import type { SafetyKind } from '../../ledger/safety.ts'
import type { InvariantId } from '../../testing/invariant-ids.ts'

/** One configuration of the search. Numbers are upper bounds: each lesser one is part of the same search. */
export interface ExhaustOptions {
  /** 2 or 3. */
  readonly workers: number
  readonly safety: SafetyKind
  readonly replication: 'sync' | 'async'
  readonly crashes: number
  /** Ticks of time, each half a lease long. */
  readonly lapses: number
  /** Requests and answers that are lost, to the database and to the target, and answers that never come. */
  readonly lostReplies: number
  /** At most 1. */
  readonly failovers: number
  /** Definite failures of the target. Default 0. */
  readonly refusals?: number
  /** Calls of each worker. Default 1; one that crashes may always call again. */
  readonly calls?: number
  readonly retry?: 'never' | 'on-failure'
  /** The last worker calls with another input. */
  readonly otherInput?: boolean
}

/** What broke, and the shortest way there. */
export interface Violation {
  readonly invariant: InvariantId
  readonly what: string
  /** One line an event. */
  readonly trace: readonly string[]
}

export interface ExhaustReport {
  readonly options: ExhaustOptions
  readonly mutant?: string
  /** Distinct ones. */
  readonly states: number
  /** Events of the longest of all shortest ways. */
  readonly depth: number
  /** False where `maxStates` or `signal` ended it. */
  readonly isComplete: boolean
  /** The first of each invariant. */
  readonly violations: readonly Violation[]
  /** Residuals (docs/decisions/013), and the events that came to one. */
  readonly residuals: Readonly<Record<string, number>>
  /** Events by name: what has never happened has not been tested. */
  readonly sometimes: Readonly<Record<string, number>>
  readonly durationMs: number
}
