import type { Entry } from '../../ledger/entry.ts'
import type { Takeover } from '../../ledger/rules.ts'
import type { ParsedSafety, SafetyKind } from '../../ledger/safety.ts'
import type { ClaimRequest, ClaimResult, ResolveRequest, SettleRequest } from '../../ledger/store.ts'
import type { InvariantId } from '../../testing/invariant-ids.ts'
import type { ResidualName } from '../losses.ts'

/*
 * The world in the small: one key, a few workers, one database row, one target. Time moves in ticks, and
 * only when the search lets it (docs/decisions/021).
 */

/** One tick: half a lease, so that an effect may begin late in its lease. All times are multiples of it. */
export const tickMs = 500
export const leaseMs: number = 2 * tickMs
/** Longer than a request's life, which is one tick, as it must be. */
const settleMs = 1.5 * tickMs
export const keyLifetimeMs: number = 5 * tickMs
/** A request's life, and how long after the decision it may be sent. */
const requestTimeoutMs = 2 * tickMs
export const recallWaitMs: number = 4 * tickMs

export function safetyOf(kind: SafetyKind): ParsedSafety {
  switch (kind) {
    case 'keyed':
      return { kind, keyLifetimeMs, requestTimeoutMs }
    case 'verifiable':
      return { kind, settleMs, verify: () => ({ happened: 'unknown' }) }
    default:
      return { kind }
  }
}

/** How an effect ended, as its worker hears of it. */
export type Heard = { readonly kind: 'done'; readonly effect: number } | { readonly kind: 'no' | 'unknown' }

/** What a caller is told. */
export type Told = 'ok' | 'failed' | 'unknown' | 'doubt' | 'refused'

/** What to claim: an absent entry, or a row that was seen; what has been decided. */
export interface Target {
  readonly entry?: Entry | undefined
  readonly takeover?: Takeover | undefined
  /** The effect has happened, in an epoch that was lost. */
  readonly isKnown?: boolean
  /** In which it was decided upon, where not just now. */
  readonly epoch?: number
}

/** Where a worker is in the guard. */
export type Phase =
  | { readonly at: 'idle' }
  | {
      readonly at: 'claim'
      readonly request: ClaimRequest
      readonly isKnown: boolean
      /** The clock before it was sent (rule 8). */
      readonly sinceMs: number
      /** Worked by the database; the answer is on its way. */
      readonly worked?: { readonly result: ClaimResult; readonly nowMs: number }
    }
  /** Is going to look at the row. */
  | { readonly at: 'poll' }
  /** Is going to ask the target whether it happened. */
  | {
      readonly at: 'ask'
      readonly entry: Entry | undefined
      /** In which that was decided. */
      readonly epoch: number
      /** Of a young epoch, where the row may be the wrong one to ask about. */
      readonly first?: { readonly takeover: Takeover; readonly believesNo: boolean }
    }
  | { readonly at: 'resolve'; readonly request: ResolveRequest; readonly next: 'doubt' | 'ok' | 'afresh' }
  /** Owns the entry, and its lease has lapsed before the effect could begin. */
  | { readonly at: 'regain'; readonly entry: Entry; readonly epoch: number }
  | { readonly at: 'run'; readonly entry: Entry; readonly sinceMs: number }
  | {
      readonly at: 'settle'
      readonly entry: Entry
      readonly request: SettleRequest
      readonly isGivingBack: boolean
    }
  /** The acknowledgement of its COMMIT was lost. */
  | {
      readonly at: 'commit-lost'
      readonly entry: Entry
      readonly sent: SettleRequest
      readonly isRecognising: boolean
    }
  | { readonly at: 'done'; readonly told: Told }

export interface Worker {
  readonly phase: Phase
  /** Rises with each call: names its owner's token. */
  readonly token: number
  readonly callsLeft: number
  /** The epoch that its writes name. */
  readonly epoch: number
  /** What it was acknowledged and will assert again: what runs, or else what has ended. */
  readonly running?: Entry | undefined
  readonly ended?: Entry | undefined
}

/** A request to the target that has not arrived. */
export interface WireRequest {
  readonly worker: number
  readonly token: number
  readonly effectKey: string
  readonly sentMs: number
  readonly input: number
}

/** A message to the database whose sender does not wait for an answer any more. */
export type Stray = { readonly worker: number } & (
  | { readonly kind: 'claim'; readonly request: ClaimRequest }
  | { readonly kind: 'settle'; readonly request: SettleRequest }
)

/** A key that the target remembers. */
export interface KnownKey {
  readonly effectKey: string
  readonly sinceMs: number
  readonly effect: number
}

/** What may still go wrong, or happen at all. */
export interface Budget {
  readonly crashes: number
  /** Ticks. */
  readonly lapses: number
  readonly losses: number
  /** Definite failures. */
  readonly refusals: number
  readonly failovers: number
}

/** All there is. Filled in field by field while an event is worked, and never changed afterwards. */
export interface State {
  nowMs: number
  epoch: number
  /** Of an epoch after a failover. */
  beganAtMs: number | undefined
  row: Entry | undefined
  /** The row as the standby has it. */
  standby: Entry | undefined
  effects: number
  /** Rows of the user's own that the standby has. */
  standbyEffects: number
  /** Workers (bits) whose writes the standby has not got. */
  dirty: number
  /** One of them has died since. */
  isOrphaned: boolean
  /** Workers (bits) whose lost writes are still to be recalled. */
  awaited: number
  /** Why what breaks from now on is a residual and no violation (docs/decisions/013). */
  excuse: ResidualName | undefined
  workers: readonly Worker[]
  wire: readonly WireRequest[]
  stray: readonly Stray[]
  keys: readonly KnownKey[]
  budget: Budget
  /** The highest fence that a claim has got: epoch × 1,000 + attempt. */
  topFence: number
  lastSend: 'none' | 'open' | 'no'
  /** Something has gone wrong since the first claim: a doubt has a cause. */
  hasCause: boolean
  /** The effect that callers were told of; 0 where none was. */
  given: number
  /** A success has been on record. */
  isRecorded: boolean
  /** Two histories have met in a recall, and neither was believed. */
  hasConflict: boolean
  /** The user's own rows were acknowledged: seen only, or durable. */
  rowsTold: 'no' | 'seen' | 'durable'
  /** Found by the event that led here. Such a state is not followed. */
  breach?: { readonly invariant: InvariantId; readonly what: string } | undefined
  /** Counted by the event that led here. */
  residual?: ResidualName | undefined
}

export interface Event {
  readonly label: string
  readonly state: State
}

/** Changes one worker of a state that is being made. */
export function setWorker(state: State, index: number, change: Partial<Worker>): void {
  state.workers = state.workers.map((worker, at) => (at === index ? { ...worker, ...change } : worker))
}

export function setPhase(state: State, index: number, phase: Phase): void {
  setWorker(state, index, { phase })
}

/** As long as others may not have asserted yet what they were acknowledged. */
export function isYoung(state: State, worker: Worker): boolean {
  return (
    state.beganAtMs !== undefined &&
    worker.epoch === state.epoch &&
    state.nowMs < state.beganAtMs + recallWaitMs
  )
}

export function spend(state: State, what: keyof Budget): void {
  state.budget = { ...state.budget, [what]: state.budget[what] - 1 }
  if (what !== 'refusals') state.hasCause = true
}

/** The first thing that breaks is what counts; with an excuse it is counted by its name. */
export function report(state: State, invariant: InvariantId, what: string): void {
  if (state.excuse === undefined) state.breach ??= { invariant, what }
  else state.residual ??= state.excuse
}
