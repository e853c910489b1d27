import type { Runtime } from '../kernel/runtime.ts'
import type { Entry, EntryError, EntryState, Resolution, StepsDocument } from './entry.ts'
import type { EventStream } from './events.ts'
import type { RecallAbout, Rules, Verdict } from './rules.ts'
import type { SafetyKind } from './safety.ts'

/**
 * The contract between the ledger and what keeps its rows (DESIGN.md section 5).
 *
 * It is batch-native: every method takes many requests, each for another entry, and answers in their order. A store
 * decides nothing: it inserts what is absent, and changes a row only where the request's condition still holds.
 * Decisions are pure functions in `rules.ts`; what each conditional write does to a row is written once, as pure
 * functions, in `transitions.ts`, and every store must do exactly that (the contract suite in `onceward/testing`
 * compares them).
 *
 * A method that resolves has committed durably. One that cannot say so rejects with a `StoreFault`.
 *
 * Writes may name the lineage that they belong to. Under another one the store writes nothing and rejects with a
 * `conflict` that carries the lineage that stands. A write that names none belongs to the one that the handle knows.
 */
export interface Store {
  /** `memory`, `sqlite`, `postgres` …, for messages and events. */
  readonly name: string
  /** What `doctor` and receipts call it: a URL without secrets. */
  readonly location: string
  /** Requests a batch may hold. At most 500. */
  readonly maxBatch: number
  /** True when `transaction` works. */
  readonly isTransactional: boolean
  /**
   * Present where acknowledged rows can be lost (a failover, a restore): what an instance puts between itself and the
   * store, so that they are remembered and asserted again. `makeRecalling` of `recalling.ts`.
   */
  readonly recalling?: MakeRecalling

  /** Connects, makes or migrates the schema, reads the lineage. Called once, before anything else. Idempotent. */
  open(): Promise<Lineage>
  /** Inserts absent entries; with `expect`, takes over a row that has not changed since it was read. */
  claim(requests: readonly ClaimRequest[], lineage?: Lineage): Promise<Reply<ClaimResult>>
  /** Writes of the owner: steps, outcome, giving up. Conditional on owner and attempt (rule 4). */
  settle(requests: readonly SettleRequest[], lineage?: Lineage): Promise<Reply<SettleResult>>
  /** Moves leases. Rows locked by a running transaction are skipped and answer `busy` (rule 10). */
  renew(requests: readonly RenewRequest[], lineage?: Lineage): Promise<Reply<RenewResult>>
  /** Current rows by ref; `undefined` where there is none. */
  read(refs: readonly string[]): Promise<Reply<Entry | undefined>>
  /** Writes of somebody who is not the owner: doubt, verify answers, decisions. Conditional on attempt and rev. */
  resolve(requests: readonly ResolveRequest[], lineage?: Lineage): Promise<Reply<ResolveResult>>
  /** Asserts what was acknowledged under an earlier lineage: merged into what there is (`recallRow`). Idempotent. */
  recall(requests: readonly RecallRequest[], lineage?: Lineage): Promise<Reply<RecallResult>>
  /**
   * Begins a new lineage, because something that was acknowledged under `lineage` is missing: a greater epoch, another
   * nonce. Where `lineage` does not stand any more it begins none. Gives the lineage that stands then.
   */
  leave(lineage: Lineage): Promise<Lineage>
  /**
   * Of a store that keeps connections: what is looked for on each new one before anything is done with it. Where it is
   * missing, the store leaves the lineage.
   */
  readonly watch?: (watched: () => Watched | undefined) => void
  /** Entries that look like twins of the asked ones: older, same scope, operation, fingerprint and subject. At least one where there are any, at most ten are of use. */
  twins(requests: readonly TwinRequest[]): Promise<Reply<readonly string[]>>
  /** Entries newest first (claimedAt, ref descending), one page. */
  list(query: ListQuery): Promise<ListPage>
  /**
   * Makes what lists of very many entries need beside what claims need: an index in the order of time. Called by whoever
   * lists often (a server), idempotent, and safe beside others at work.
   */
  prepareLists?(): Promise<void>
  /** Buries ended entries past their retention, deletes tombstones past `tombstoneMs`. Bounded by `limit`. */
  purge(request: PurgeRequest): Promise<PurgeResult>
  /** The generic group beside the entries. */
  readonly records: RecordStore
  /**
   * Runs `work` and the entry's settle in one database transaction (rule 10): the settle is the last statement
   * before COMMIT, and where it changes no row everything is rolled back.
   * `prepare` turns the work's value into the settle request.
   */
  transaction?<T>(
    work: (transaction: unknown) => T | Promise<T>,
    prepare: (value: T) => SettleRequest,
    lineage?: Lineage,
  ): Promise<TransactionResult<T>>
  /** Lets go of what the store itself opened; a pool given by the user stays open. */
  close(): Promise<void>
}

/** The answers to a batch, in its order, and the store's clock when it was worked (milliseconds since the epoch). */
export interface Reply<R> {
  readonly nowMs: number
  readonly results: readonly R[]
}

/** Identifies one history of the store: rows acknowledged under one lineage may be missing in the next. */
export interface Lineage {
  readonly epoch: number
  /** Random; tells two histories apart that share an epoch. */
  readonly nonce: string
  /** When it began, by the store's clock. Absent for the first one of a store: before it there was nothing to lose. */
  readonly beganAtMs?: number
}

/** A row as it was acknowledged last on its way: the end of the log is what a store loses. */
export interface Witness {
  readonly ref: string
  readonly rev: number
  /** By the store's clock: later it may have been purged. */
  readonly untilMs: number
}

export interface Watched {
  /** Under which the witnesses were acknowledged. */
  readonly lineage: Lineage
  readonly witnesses: readonly Witness[]
}

/** What an instance on a store that can lose rows is made with. */
export interface RecallSettings {
  readonly runtime: Runtime
  readonly events: EventStream
  readonly rules: Rules
  readonly scope: string
  readonly storeTimeoutMs: number
  readonly recallMs: number
  readonly recallWaitMs: number
  readonly recallMaxEntries: number
  readonly recallMaxBytes: number
}

export type MakeRecalling = (store: Store, settings: RecallSettings) => RecallingStore

/** A store that remembers what it acknowledged, and asserts it again in a new epoch before anything else is written. */
export interface RecallingStore extends Store {
  /** The epoch that writes name; 0 before `open`. */
  readonly epoch: number
  /** True as long as others may not have asserted yet what they were acknowledged before this epoch. */
  readonly isYoung: boolean
  /** The verdict, held back where somebody may still recall what he knows of the entry. */
  heed(verdict: Verdict, entry: Entry | undefined, about: RecallAbout): Verdict
}

/** What makes a row the same row as when it was read. */
export interface Expectation {
  readonly attempt: number
  readonly rev: number
}

export interface ClaimRequest {
  readonly ref: string
  readonly scope: string
  readonly operation: string
  readonly key: string
  readonly subject?: string | undefined
  readonly fingerprint: string
  readonly safety: SafetyKind
  /** `started` for a plain run, `claimed` for a stepped one. */
  readonly to: 'claimed' | 'started'
  readonly owner: string
  readonly leaseMs: number
  readonly retainMs: number
  /** The epoch in which the caller decided to claim; in another one a `RecallingStore` answers `gone`. */
  readonly decidedIn?: number | undefined
  /** Absent: insert if there is no row. Present: take over the row if it is still this one. */
  readonly expect?: Expectation & {
    /** False only when an owner recognises its own claim after a lost reply: attempt and owner stay (rule 4). */
    readonly raisesAttempt: boolean
    readonly round: number
    readonly earlierUnknown: boolean
    /** Rule 5: takeovers keep `firstPossibleSendAtMs`; a new round starts a new key's life. */
    readonly keepsFirstSend: boolean
  }
}

export type ClaimResult =
  | { readonly kind: 'claimed'; readonly entry: Entry }
  /** There is a row and this request did not get it. The row as it is now. */
  | { readonly kind: 'held'; readonly entry: Entry }
  /** What the claim was decided upon is not there any more: the row, or the epoch. To be decided anew. */
  | { readonly kind: 'gone' }

export interface SettleRequest {
  readonly ref: string
  /** The row as its owner last knew it: where `rev` has not changed since, a store need not read it again. */
  readonly known?: Entry | undefined
  readonly owner: string
  readonly attempt: number
  /** 1 for the owner's first write of this attempt, then one more each: late old ones are told apart by it. */
  readonly ownerWrite: number
  /** `claimed` and `started` are step writes or, with `endsLease`, the owner letting go of an unknown outcome. */
  readonly to: Exclude<EntryState, 'tombstone'>
  readonly round: number
  readonly earlierUnknown: boolean
  /** True: the lease ends with this write, so that somebody else may look at once. */
  readonly endsLease: boolean
  readonly value?: Uint8Array | undefined
  readonly valueKept: boolean
  readonly error?: EntryError | undefined
  readonly steps?: StepsDocument | undefined
  /** For `in_doubt`. */
  readonly why?: string | undefined
  /**
   * Over everything above: the same content a second time is recognised (rule 4). Empty only with `recognisesOnly`, for
   * a row that keeps no digest, because somebody else has ended it.
   */
  readonly digest: string
  /**
   * True: writes nothing new. `settled` only where this very write was applied before, which a write of its own then
   * acknowledges; else `stale`.
   */
  readonly recognisesOnly?: boolean
}

export type SettleResult =
  | { readonly kind: 'settled'; readonly entry: Entry }
  /** Owner or attempt have changed, or the entry has ended otherwise. Nothing was written. */
  | { readonly kind: 'stale'; readonly entry: Entry | undefined }

export interface RenewRequest {
  readonly ref: string
  readonly owner: string
  readonly attempt: number
  readonly leaseMs: number
}

export type RenewResult =
  | { readonly kind: 'renewed'; readonly leaseUntilMs: number }
  /** The owner itself has ended the entry: nothing to renew, nothing to abort (rule 4). */
  | { readonly kind: 'finished' }
  /** The row is locked by a transaction; try again. */
  | { readonly kind: 'busy' }
  /** Somebody else owns the entry, or has put it in doubt. */
  | { readonly kind: 'lost' }

export interface ResolveRequest {
  readonly ref: string
  readonly expect: Expectation
  readonly to: 'succeeded' | 'failed' | 'released' | 'in_doubt'
  readonly value?: Uint8Array | undefined
  readonly valueKept: boolean
  readonly error?: EntryError | undefined
  /** For `in_doubt`. */
  readonly why?: string | undefined
  readonly resolution?: Omit<Resolution, 'atMs'> | undefined
  readonly steps?: StepsDocument | undefined
}

export type ResolveResult =
  | { readonly kind: 'resolved'; readonly entry: Entry }
  | { readonly kind: 'stale'; readonly entry: Entry | undefined }

export interface TwinRequest {
  readonly ref: string
  /** The entry as its owner knows it, so that a store need not read it again: what twins share is frozen. */
  readonly known?: Entry
  readonly windowMs: number
}

export interface RecallRequest {
  /** The row as it was acknowledged. */
  readonly entry: Entry
}

export type RecallResult =
  /** It was missing, or there was an older one: it stands again, as (this epoch, its attempt). */
  | { readonly kind: 'recalled'; readonly entry: Entry }
  /** What there is is as new, or newer. Nothing was written. */
  | { readonly kind: 'kept'; readonly entry: Entry }
  /** Another attempt was started without knowing of this one. The row as it has been written: neither is believed. */
  | { readonly kind: 'conflict'; readonly entry: Entry }

/** All conditions must hold. Times in milliseconds, `fromMs` inclusive, `toMs` exclusive, on claimedAt. */
export interface ListQuery {
  readonly scope?: string | undefined
  readonly operation?: string | undefined
  /** Encoded. */
  readonly key?: string | undefined
  readonly subject?: string | undefined
  readonly states?: readonly EntryState[] | undefined
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  /** Only entries whose lease has lapsed by the store's clock. */
  readonly lapsed?: boolean | undefined
  readonly limit: number
  /** Opaque, from the page before. A bad one is `OPTION_INVALID`. */
  readonly cursor?: string | undefined
  /**
   * Look at about so many entries and give what fits of those: the page may then hold fewer than `limit`, even none, and
   * `next` goes on behind them. For conditions that no index serves. A store may pay no heed to it.
   */
  readonly scan?: number | undefined
}

export interface ListPage {
  readonly nowMs: number
  readonly entries: readonly Entry[]
  readonly next?: string
}

export interface PurgeRequest {
  readonly scope: string
  readonly limit: number
  /** How long tombstones are kept; absent: for ever. */
  readonly tombstoneMs?: number | undefined
}

export interface PurgeResult {
  readonly buried: number
  readonly deleted: number
}

export type TransactionResult<T> =
  | { readonly kind: 'committed'; readonly value: T; readonly entry: Entry }
  /** The entry was not ours any more: everything was rolled back. */
  | { readonly kind: 'rolled-back' }

/** A record of the generic group: registrations, events, audit trail, tokens … `seq` rises within a stream. */
export interface StoredRecord {
  readonly stream: string
  readonly id: string
  readonly version: number
  readonly atMs: number
  readonly body: string
}

/**
 * Small documents by (stream, id). `append` adds what is absent (an id already there is left as it is),
 * `replaceIf` changes one at a known version (0: absent), `read` pages in id order, `prune` removes old ones, `remove`
 * those named (what is not there is no fault). A store without `remove` keeps no scheduled effects for a server.
 */
export interface RecordStore {
  append(
    records: readonly { readonly stream: string; readonly id: string; readonly body: string }[],
  ): Promise<void>
  read(query: {
    readonly stream: string
    readonly after?: string
    readonly limit: number
  }): Promise<readonly StoredRecord[]>
  replaceIf(record: {
    readonly stream: string
    readonly id: string
    readonly version: number
    readonly body: string
    /** As in the writes of entries. */
    readonly lineage?: Lineage
  }): Promise<boolean>
  prune(query: {
    readonly stream: string
    readonly olderThanMs: number
    readonly limit: number
  }): Promise<number>
  remove?(records: readonly { readonly stream: string; readonly id: string }[]): Promise<void>
}

/**
 * Why a store could not answer. `group-commit.ts` acts on it.
 * - `conflict`: nothing was written; try again, in smaller batches (40001, 40P01, SQLITE_BUSY).
 * - `lost`: the connection or its acknowledgement was lost, so the batch may or may not have been written; the same
 *   requests may be sent again, since owner tokens and digests make them recognisable.
 * - `unavailable`: nothing was sent.
 * - `rejected`: this batch will never be taken as it is; some request in it is bad.
 * - `incompatible`: not a ledger, or a newer one.
 */
export type StoreFaultKind = 'conflict' | 'lost' | 'unavailable' | 'rejected' | 'incompatible'

const faultBrand = 'onceward.store-fault'

export class StoreFault extends Error {
  override readonly name = 'StoreFault'
  readonly brand: string = faultBrand
  readonly kind: StoreFaultKind
  /** Of a `conflict`: the lineage that stands, where the write named another one. */
  readonly lineage?: Lineage

  constructor(kind: StoreFaultKind, message: string, options: { cause?: unknown; lineage?: Lineage } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    if (options.lineage !== undefined) this.lineage = options.lineage
  }
}

export function isStoreFault(error: unknown): error is StoreFault {
  return typeof error === 'object' && error !== null && 'brand' in error && error.brand === faultBrand
}
