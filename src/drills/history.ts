import type { Entry } from '../ledger/entry.ts'
import type { OncewardEvent } from '../ledger/events.ts'
import type { Answer } from './worker-protocol.ts'
import type { Part, WorkloadId } from './workloads.ts'

/** When a row was looked at. */
export type Moment =
  /** Nobody has touched it since the fault. */
  | 'after-fault'
  /** The client has called again and lapsed leases have been swept. */
  | 'after-recovery'
  /** It has called once more. */
  | 'after-replay'
  /** A worker that had been stopped goes on and has answered. */
  | 'after-return'
  /** A person looks at what is in doubt. */
  | 'before-decision'
  /** A person has decided what was in doubt, and the client has called again. */
  | 'after-decision'

/** A row as it was found. */
export interface Look {
  readonly at: string
  readonly entry: Entry | undefined
}

export interface ObservedRow extends Look {
  readonly moment: Moment
}

/** An effect as its target has it: of the peer's journal, or a row of the user's own. */
export interface ObservedEffect {
  /** As of `effectName`. */
  readonly name: string
  readonly effectId: string
}

/**
 * Whether the fault can have fallen between the start of an effect and its outcome (I8): nowhere, where the fault has
 * left a blind effect without one, or anywhere.
 */
export type MayDoubt = 'never' | 'where-open' | 'anywhere'

/** Everything that is known about one key when a drill is over. The invariants are checked on this alone. */
export interface KeyHistory {
  readonly key: string
  readonly workload: WorkloadId
  readonly parts: readonly Part[]
  /** What was done to it, for messages: `SIGKILL at await 12`. */
  readonly fault: string
  /** Default `where-open`. */
  readonly mayDoubt?: MayDoubt
  readonly effects: readonly ObservedEffect[]
  /** Two primaries have taken work for it at the same time, and neither knew of the other. */
  readonly isForked?: boolean
  /** Of all processes, by their clocks. */
  readonly events: readonly OncewardEvent[]
  readonly rows: readonly ObservedRow[]
  /** Given before the fault. */
  readonly answersBefore: readonly Answer[]
  /** Given since. */
  readonly answers: readonly Answer[]
  /** What calls with another input came to. */
  readonly otherInputs?: readonly Answer[]
}

export function rowAt(history: KeyHistory, moment: Moment): Entry | undefined {
  return history.rows.find((row) => row.moment === moment)?.entry
}

export function eventsOf<T extends OncewardEvent['type']>(
  history: KeyHistory,
  type: T,
): readonly Extract<OncewardEvent, { readonly type: T }>[] {
  return history.events.filter((event) => event.type === type) as Extract<
    OncewardEvent,
    { readonly type: T }
  >[]
}
