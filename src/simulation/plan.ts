import type { SafetyKind } from '../ledger/safety.ts'

export const replications = ['sync', 'async'] as const
export type Replication = (typeof replications)[number]

/** What of a plan is given rather than drawn. */
export interface Given {
  readonly safety?: SafetyKind
  readonly replication?: Replication
}

/**
 * All that chance decides about a run before it begins, as plain data: what a person reads, and what is made smaller
 * where a run has broken an invariant. What chance decides on the way (latencies, ties) follows from the seed.
 */
export interface Plan {
  readonly seed: number
  readonly safety: SafetyKind
  /** The effect is made of steps, the last of them of `safety`. */
  readonly isStepped: boolean
  readonly retry: 'never' | 'on-failure'
  readonly singleCall: boolean
  readonly replication: Replication
  /** The store can lose what it acknowledged in a failover, so that workers remember it; else it is one like SQLite. */
  readonly isLosable: boolean
  readonly workers: number
  readonly keys: number
  readonly sweepEveryMs?: number
  readonly retainMs: number
  readonly calls: readonly PlannedCall[]
  readonly faults: readonly Fault[]
}

/** A client that wants the work of one key done, and asks again when it does not hear of it. */
export interface PlannedCall {
  readonly atMs: number
  readonly worker: number
  readonly key: number
  /** 0 is what the key stands for; a client with another input is to be refused. */
  readonly input: number
  readonly retries: number
}

/** What becomes of one message between a worker and the store. */
export const storeFaults = [
  'lost-request',
  'lost-reply',
  'late-request',
  'late-reply',
  'twice',
  'refused',
  'conflict',
  'cancelled',
] as const
export type StoreFaultKind = (typeof storeFaults)[number]

/** What becomes of one request of an effect to its target. */
export const peerFaults = [
  'lost-request',
  'lost-reply',
  'late-request',
  'late-reply',
  'slow-work',
  'unreachable',
  'says-no',
  'second-call-refused',
  'twice',
  'cannot-tell',
] as const
export type PeerFaultKind = (typeof peerFaults)[number]

export type StoreMethod =
  | 'claim'
  | 'settle'
  | 'renew'
  | 'read'
  | 'resolve'
  | 'transaction'
  | 'recall'
  | 'other'

/** Moments are virtual milliseconds since the beginning; `nth` counts from 1 within the worker's place. */
export type Fault =
  /** Dies at its nth await, that is at its nth message sent or received: before it, or right after sending it. */
  | {
      readonly kind: 'crash'
      readonly worker: number
      readonly nth: number
      readonly isAfter: boolean
      readonly restartMs: number
    }
  /** Stands still from its nth message on. */
  | {
      readonly kind: 'stop'
      readonly worker: number
      readonly nth: number
      readonly forMs: number
      readonly monotonicStops: boolean
    }
  | { readonly kind: 'clock'; readonly worker: number; readonly atMs: number; readonly byMs: number }
  | { readonly kind: 'close'; readonly worker: number; readonly atMs: number; readonly graceMs: number }
  | {
      readonly kind: 'store'
      readonly worker: number
      readonly method: StoreMethod
      readonly nth: number
      readonly what: StoreFaultKind
      readonly byMs: number
      /** The sender is told nothing; else its connection breaks. */
      readonly isSilent: boolean
    }
  | {
      readonly kind: 'peer'
      readonly worker: number
      readonly nth: number
      readonly what: PeerFaultKind
      readonly byMs: number
      readonly isSilent: boolean
    }
  /** The store cannot be reached. */
  | { readonly kind: 'outage'; readonly atMs: number; readonly forMs: number }
  /** The primary dies after its nth commit and a standby takes over that lacks the last `loses` commits. */
  | {
      readonly kind: 'failover'
      readonly afterCommit: number
      readonly afterMs: number
      readonly loses: number
      readonly forMs: number
    }

/** How long things take in every run, in virtual milliseconds. What must be longer than what is what operators are told. */
export const times = {
  leaseMs: 1_000,
  storeTimeoutMs: 350,
  waitMs: 2_500,
  /** The longest that a message is under way, unless something is wrong. */
  maxLatencyMs: 8,
  /** No request to a target is under way for longer. */
  requestLifeMs: 1_500,
  /** An effect does not wait longer for its target. */
  answerTimeoutMs: 2_000,
  /** Longer than a request's life. */
  settleMs: 2_000,
  keyLifetimeMs: 10_000,
  /** Longer than a request's life and the time between the decision to send and the sending. */
  requestTimeoutMs: 3_000,
  maxRunMs: 8_000,
  recallMs: 6_000,
  /** Longer than a worker stands still, and the time in which it then hears of a new primary by itself. */
  recallWaitMs: 11_000,
  /** L1: within this time after all faults are over, every key has ended. */
  recoveryMs: 40_000,
} as const

/** What happens in a plan. */
export interface Happenings {
  /** What the story is about, where it is not left to chance. */
  readonly setting?: Partial<Pick<Plan, 'sweepEveryMs' | 'retainMs'>>
  readonly calls: readonly PlannedCall[]
  readonly faults: readonly Fault[]
}

/** A plan less what happens in it. */
export type Setting = Omit<Plan, 'calls' | 'faults' | 'isLosable'>
