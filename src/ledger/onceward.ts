import type { EventCounts, EventType, Listener } from './events.ts'
import type { EntryState, Fence } from './entry.ts'
import type { Intent, IntentIdentity } from './intent.ts'
import type { DoubtReceipt, Receipt } from './receipt.ts'
import type { Safety, SafetyKind } from './safety.ts'

/** What an effect gets to work with. */
export interface Attempt {
  /**
   * The key to send to the target. Stable over takeovers and restarts; new only after a recorded definite failure
   * that is tried again (rule 6). Has the form of a UUID.
   */
  readonly effectKey: string
  /** 1 for the first attempt. */
  readonly number: number
  readonly fence: Fence
  /** Aborts when the lease is lost or the instance closes: stop, and do not begin anything new. */
  readonly signal: AbortSignal
  /**
   * Runs one step of a stepped operation, or replays its kept result (rule 9). The name is unique within the entry.
   * Throws `STEP_DIVERGED`, `STEP_INVALID`, `RESULT_TOO_LARGE`, `IN_DOUBT`, or what `effect` threw.
   */
  step<T>(name: string, effect: StepEffect<T>): Promise<T>
  step<T>(name: string, options: StepOptions, effect: StepEffect<T>): Promise<T>
  /**
   * Commits the caller's SQL and the entry's record together (rule 10). What `work` returns is the attempt's value.
   * PostgreSQL: `work` gets a client with `query`, and may be asynchronous. SQLite: it gets a `DatabaseSync` and must
   * be synchronous. Other stores: `OPTION_INVALID`. Throws `LEASE_LOST` where the entry was not ours any more.
   */
  transaction<T, Client = TransactionClient>(work: (client: Client) => T | Promise<T>): Promise<T>
}

/** What `transaction` gives when the callback's parameter has no type of its own: annotate it with your driver's. */
export interface TransactionClient {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: readonly Record<string, unknown>[] }>
}

export interface StepAttempt {
  readonly effectKey: string
  readonly number: number
  readonly signal: AbortSignal
}

export type StepEffect<T> = (step: StepAttempt) => Promise<T> | T

export interface StepOptions {
  /** Default: the safety of the operation. `transactional` is not for steps. */
  readonly safety?: Safety | SafetyKind
  /** JSON; another input under the same name stops with `STEP_DIVERGED`. */
  readonly input?: unknown
}

export type Effect<T> = (attempt: Attempt) => Promise<T> | T

/** What belongs to an operation, so that sweeps and takeovers can act with no caller present. */
export interface OperationOptions {
  readonly safety?: Safety | SafetyKind
  /** RFC 6901 pointers into the input that the fingerprint leaves out: `['/sentAt']`. `*` stands for any item. */
  readonly volatile?: readonly string[]
  /** Checks (and may convert) a replayed value. What it throws becomes `RESULT_INVALID`. */
  readonly parse?: (value: unknown) => unknown
  readonly retry?: 'never' | 'on-failure'
  readonly singleCall?: boolean
  readonly steps?: boolean
  readonly leaseMs?: number
  readonly retainMs?: number
  /** Default `refuse`: with the store out, nothing runs. `run` runs the effect unguarded, counted as `unguarded`. */
  readonly onStoreOutage?: 'refuse' | 'run'
  /** Default `warn`: an event and a count. */
  readonly onTwin?: 'warn' | 'refuse' | 'off'
  /** How far back a twin is looked for. Default 10 minutes. */
  readonly twinWindowMs?: number
}

export interface EntriesQuery {
  readonly operation?: string
  /** With `operation`. */
  readonly key?: Intent['key']
  readonly subject?: string
  readonly state?: EntryState | readonly EntryState[]
  readonly from?: Date | string
  readonly to?: Date | string
  /** 1 to 500, default 100. */
  readonly limit?: number
  readonly cursor?: string
  /** Look at about so many entries for a page: it may then hold fewer than `limit`, even none, with a `next`. */
  readonly scan?: number
}

/** A person's decision about an entry in doubt. */
export type Decision =
  | { readonly happened: true; readonly value?: unknown; readonly by: string; readonly because: string }
  | { readonly happened: false; readonly by: string; readonly because: string }

export interface SweepReport {
  /** Entries found with a lapsed lease. */
  readonly lapsed: number
  /** Put in doubt now. */
  readonly doubted: number
  /** Targets asked. */
  readonly asked: number
  /** Ended or freed by an answer. */
  readonly settled: number
  /** Results forgotten; tombstones stay. */
  readonly buried: number
  /** Tombstones deleted (only with a finite `tombstoneMs`). */
  readonly deleted: number
}

/** One instance: a scope on a store. Make one per process and share it. */
export interface Onceward {
  readonly scope: string
  readonly worker: string
  /** As given: set where tombstones are deleted after a time, so that a key runs as new. */
  readonly tombstoneMs: number | undefined
  /** Gives the value, or throws an `OncewardError`. A failed effect throws `EFFECT_FAILED`, with the cause. */
  run<T>(intent: Intent, effect: Effect<T>): Promise<T>
  /** Gives a receipt. Throws only for misuse (`KEY_…`, `INPUT_…`, `OPTION_INVALID`, `CLOSED`) or outage (`STORE_…`). */
  execute<T>(intent: Intent, effect: Effect<T>): Promise<Receipt<T>>
  /** The entry of an intent or a ref, or `undefined`. Runs nothing. */
  lookup<T = unknown>(intent: IntentIdentity | string): Promise<Receipt<T> | undefined>
  /** One page of entries, newest first. */
  entries(query?: EntriesQuery): Promise<{ readonly entries: readonly Receipt[]; readonly next?: string }>
  readonly doubts: {
    list(
      query?: Omit<EntriesQuery, 'state'>,
    ): Promise<{ readonly doubts: readonly DoubtReceipt[]; readonly next?: string }>
    /** Ends a doubt with evidence. Throws `NOT_FOUND`, `CONFLICT` (not in doubt any more), `OPTION_INVALID`. */
    resolve(ref: string | IntentIdentity, decision: Decision): Promise<Receipt>
  }
  /** Looks at lapsed leases and old results once, now. Safe to call from several instances at once. */
  sweep(): Promise<SweepReport>
  /** Connects to the store (creating its schema) without claiming anything. Every other call does so by itself. */
  open(): Promise<void>
  on<T extends EventType>(type: T | '*', listener: Listener<T>): () => void
  /** Events counted since the instance was made. */
  counts(): EventCounts
  /**
   * Refuses new work, waits up to `graceMs` for what runs (leases are renewed meanwhile), then aborts it. Started work
   * is never released: it is recovered by another instance, by its safety.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}
