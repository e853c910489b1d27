import type { Entry } from '../../ledger/entry.ts'
import type {
  ClaimRequest,
  ClaimResult,
  RenewRequest,
  RenewResult,
  ResolveRequest,
  ResolveResult,
  SettleRequest,
  SettleResult,
} from '../../ledger/store.ts'

/*
 * The world in the small: one key, a few workers, one database row, one target. Time moves in steps of one lease, and
 * only when the search lets it.
 */

export const leaseMs = 1_000
/** Longer than a request is under way: those that are older are gone. */
export const settleMs = 1_000
export const requestLifeMs = 1_000
export const keyLifetimeMs = 3_000
export const requestTimeoutMs = 1_000

/** A message to the database. */
export type StoreRequest =
  | { readonly kind: 'claim'; readonly request: ClaimRequest }
  | { readonly kind: 'read' }
  | { readonly kind: 'settle'; readonly request: SettleRequest; readonly isGivingBack: boolean }
  | { readonly kind: 'renew'; readonly request: RenewRequest }
  | { readonly kind: 'resolve'; readonly request: ResolveRequest }

/** Its answer, and the database's clock when it was worked. */
export type StoreReply = { readonly nowMs: number } & (
  | { readonly kind: 'claim'; readonly result: ClaimResult }
  | { readonly kind: 'read'; readonly entry: Entry | undefined }
  | { readonly kind: 'settle'; readonly result: SettleResult; readonly isGivingBack: boolean }
  | { readonly kind: 'renew'; readonly result: RenewResult }
  | { readonly kind: 'resolve'; readonly result: ResolveResult }
)

/** How an effect ended, as its worker hears of it. */
export type Heard = 'done' | 'no' | 'unknown' | 'raw-code'

/** Where a worker is in the guard. */
export type Phase =
  | { readonly at: 'idle' }
  /** Waits for an answer of the database. */
  | {
      readonly at: 'store'
      readonly sent: StoreRequest
      readonly reply?: StoreReply
      /** Read before it was sent (rule 8). */
      readonly sinceMs: number
      /** The entry that it owns meanwhile. */
      readonly entry?: Entry
      /** The outcome that it is about to write. */
      readonly heard?: Heard
    }
  /** Has seen somebody else's entry, and waits. */
  | { readonly at: 'poll' }
  /** Has asked the target whether it happened. */
  | { readonly at: 'ask'; readonly entry: Entry; readonly answer?: 'yes' | 'no' | 'unknown' }
  /** Its effect is under way. */
  | { readonly at: 'run'; readonly entry: Entry; readonly sinceMs: number; readonly heard?: Heard }
  | { readonly at: 'done'; readonly told: 'ok' | 'failed' | 'unknown' | 'doubt' | 'refused' }

export interface WorkerState {
  readonly phase: Phase
  /** Rises with restarts and with every claim after one that had not begun: names its owner's token. */
  readonly token: number
  readonly callsLeft: number
}

/** A request to the target that has not arrived. */
export interface WireRequest {
  readonly worker: number
  readonly token: number
  readonly effectKey: string
  readonly sentMs: number
}

/** A key that the target knows, since when. */
export interface KnownKey {
  readonly effectKey: string
  readonly sinceMs: number
}

/** What may still go wrong, or happen at all. */
export interface Budget {
  readonly crashes: number
  /** Steps of time, each as long as a lease. */
  readonly lapses: number
  /** Requests and answers that are lost, on the way to the database or to the target. */
  readonly losses: number
  /** Definite failures. */
  readonly refusals: number
  readonly failovers: number
}

export interface State {
  readonly nowMs: number
  readonly epoch: number
  readonly row: Entry | undefined
  readonly workers: readonly WorkerState[]
  readonly wire: readonly WireRequest[]
  /** Requests to the database that nobody waits for any more, and that may still arrive. */
  readonly stray: readonly StoreRequest[]
  readonly effects: number
  readonly keys: readonly KnownKey[]
  readonly budget: Budget
  /** The highest fence that a claim has got. */
  readonly top: { readonly epoch: number; readonly attempt: number }
  /** The last thing sent, and what its worker has heard of it. */
  readonly lastSend: Heard | 'open' | undefined
  /** Something has gone wrong while the entry was started: a doubt has a cause. */
  readonly hasCause: boolean
}

/** What one event leads to. */
export interface Step {
  readonly label: string
  readonly state: State
  /** The invariant that it breaks, and how. */
  readonly breach?: { readonly invariant: string; readonly what: string }
}
