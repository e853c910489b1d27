import type { EntryError, EntryState, Fence } from './entry.ts'

/** What a caller gets back. The JSON shape is fixed (docs/reference/json.md). */
export interface Receipt<T = unknown> {
  readonly scope: string
  readonly operation: string
  readonly key: string | readonly string[]
  readonly subject?: string
  /** Short and opaque; `lookup`, `onceward show` and `onceward doubt resolve` take it. */
  readonly ref: string
  readonly state: EntryState | 'scheduled'
  /** True when the effect ran in another call than this one. */
  readonly replayed: boolean
  readonly value?: T
  readonly error?: EntryError
  readonly attempts: number
  readonly fence: Fence
  /** RFC 3339, UTC, milliseconds. */
  readonly claimedAt: string
  readonly finishedAt?: string
  readonly steps?: readonly StepReceipt[]
}

export interface StepReceipt {
  readonly name: string
  readonly state: 'started' | 'succeeded' | 'failed'
  readonly attempts: number
  readonly startedAt: string
  readonly finishedAt?: string
}

/** A receipt in doubt, with why. */
export interface DoubtReceipt extends Receipt {
  readonly since: string
  readonly why: string
}
