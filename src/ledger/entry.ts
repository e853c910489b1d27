import type { SafetyKind } from './safety.ts'

/** The states of DESIGN.md section 2. `scheduled` comes with the server, in receipts only. */
export const entryStates = [
  'claimed',
  'started',
  'released',
  'succeeded',
  'failed',
  'in_doubt',
  'tombstone',
] as const
export type EntryState = (typeof entryStates)[number]

/** States in which nobody knows yet how it ends. Never purged. */
export const openStates: readonly EntryState[] = ['claimed', 'started', 'in_doubt']

/** Rises strictly per entry, compared epoch first. */
export interface Fence {
  /** The store's lineage; rises when a failover may have lost rows. */
  readonly epoch: number
  /** Counter in the row itself: 1 for the first claim, one more with each later one, never reset. */
  readonly attempt: number
}

export interface EntryError {
  readonly code: string
  readonly message: string
}

/** Why an entry is in doubt, and since when (store's clock, milliseconds since the epoch). */
export interface Doubt {
  readonly sinceMs: number
  readonly why: string
}

/** The evidence that ended a doubt: who or what said so, when, and why. */
export interface Resolution {
  readonly by: string
  readonly because: string
  readonly atMs: number
}

/** One step of a stepped operation, as kept in its entry's row. Times by the store's clock. */
export interface StepRecord {
  readonly name: string
  readonly safety: SafetyKind
  /** Of a verifiable step: how long after a lapsed lease its target may be asked. */
  readonly settleMs?: number
  readonly state: 'started' | 'succeeded' | 'failed'
  readonly attempts: number
  readonly startedAtMs: number
  /** Rule 5: no effect of this step can have been sent before this moment. */
  readonly firstPossibleSendAtMs: number
  readonly finishedAtMs?: number
  /** Rule 2: an earlier attempt may have sent it, with an outcome that nobody knows. */
  readonly earlierUnknown?: boolean
  /** Digest of the step's input; '' where it was called without one. */
  readonly inputDigest: string
  readonly round: number
  /** JSON text of the result; absent when the step returned nothing, or `notKept`. */
  readonly value?: string
  readonly notKept?: boolean
  readonly error?: EntryError
}

/** All steps of an entry, written whole with the entry's row. */
export interface StepsDocument {
  /** Rule 5: a step that is not listed here cannot have been sent before this moment (store's clock). */
  readonly unlistedSinceMs: number
  readonly steps: readonly StepRecord[]
}

/**
 * The ledger's row for one intent. Times are milliseconds since the epoch by the **store's** clock; only the store
 * sets them.
 */
export interface Entry {
  /** Primary key: `refOf(scope, operation, key)`. */
  readonly ref: string
  readonly scope: string
  readonly operation: string
  /** Encoded by `encodeKey`. */
  readonly key: string
  readonly subject?: string | undefined
  readonly state: EntryState
  /** Frozen at the first claim, like the fingerprint. */
  readonly safety: SafetyKind
  /** Base64url SHA-256 of the canonical input; '' for an intent without input. */
  readonly fingerprint: string
  /** Token of the attempt that owns or last owned the entry. */
  readonly owner: string
  readonly epoch: number
  readonly attempt: number
  /** Rises with each recorded definite failure that is tried again; names the effect key. */
  readonly round: number
  /** Rises with every write of the row: the condition of takeovers and resolutions. */
  readonly rev: number
  /** Counts the owner's writes in this attempt; an older one that arrives late changes nothing. 0 after a claim. */
  readonly ownerWrite: number
  readonly leaseMs: number
  readonly leaseUntilMs: number
  /** When the first attempt claimed it. */
  readonly claimedAtMs: number
  /** Rule 5: earliest moment at which the effect of this round can have been sent. */
  readonly firstPossibleSendAtMs?: number | undefined
  readonly finishedAtMs?: number | undefined
  /** Rule 2: an earlier started attempt has no known outcome. */
  readonly earlierUnknown: boolean
  /** The kept result: UTF-8 JSON text, or whatever the seal hook made of it. */
  readonly value?: Uint8Array | undefined
  /** Rule 11: false when the effect succeeded and its result could not be kept. */
  readonly valueKept: boolean
  readonly error?: EntryError | undefined
  readonly steps?: StepsDocument | undefined
  /** Digest of what the owner last settled: a repeated settle is recognised by it (rule 4). */
  readonly settledDigest?: string | undefined
  readonly doubt?: Doubt | undefined
  readonly resolution?: Resolution | undefined
  /** How long the result is kept once the entry has ended. */
  readonly retainMs: number
  /** Which end a tombstone remembers. */
  readonly buriedState?: 'succeeded' | 'failed' | undefined
  /** The epoch in which the attempt was claimed, where it has been recalled into a later one since. */
  readonly claimedEpoch?: number | undefined
}

export function fenceOf(entry: Pick<Entry, keyof Fence>): Fence {
  return { epoch: entry.epoch, attempt: entry.attempt }
}

/** The epoch in which the attempt was claimed. */
export function birthEpoch(entry: Pick<Entry, 'epoch' | 'claimedEpoch'>): number {
  return entry.claimedEpoch ?? entry.epoch
}
