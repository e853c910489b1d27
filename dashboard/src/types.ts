/* What the API answers, as its OpenAPI document says. */

export type State =
  | 'claimed'
  | 'started'
  | 'released'
  | 'scheduled'
  | 'succeeded'
  | 'failed'
  | 'in_doubt'
  | 'tombstone'

export type Role = 'viewer' | 'operator' | 'admin'

export interface Fence {
  readonly epoch: number
  readonly attempt: number
}

export interface Step {
  readonly name: string
  readonly state: 'started' | 'succeeded' | 'failed'
  readonly attempts: number
  readonly startedAt: string
  readonly finishedAt?: string
}

export interface Receipt {
  readonly scope: string
  readonly operation: string
  readonly key: string | readonly string[]
  readonly subject?: string
  readonly ref: string
  readonly state: State
  readonly value?: unknown
  readonly error?: { readonly code: string; readonly message: string }
  readonly attempts: number
  readonly fence: Fence
  readonly claimedAt: string
  readonly finishedAt?: string
  readonly steps?: readonly Step[]
}

export interface Doubt extends Receipt {
  readonly since: string
  readonly why: string
}

export interface Happening {
  readonly at: string
  readonly type: string
  readonly source: 'entry' | 'event'
  readonly worker?: string
  readonly fence?: Fence
  readonly detail: Readonly<Record<string, unknown>>
}

export interface Entry extends Receipt {
  readonly safety: string
  readonly fingerprint: string
  readonly round: number
  readonly leaseMs: number
  readonly leaseUntil: string
  readonly retainMs: number
  readonly earlierUnknown?: boolean
  readonly valueKept?: boolean
  readonly doubt?: { readonly since: string; readonly why: string }
  readonly resolution?: { readonly by: string; readonly because: string; readonly at: string }
  readonly history: readonly Happening[]
}

export type Counts = Readonly<Record<string, number>>

export interface Interval {
  readonly at: string
  readonly counts: Counts
  readonly latencyMs: { readonly p50?: number; readonly p95?: number; readonly p99?: number }
}

export interface Statistics {
  readonly from: string
  readonly to: string
  readonly stepMs: number
  readonly intervals: readonly Interval[]
  readonly total: Omit<Interval, 'at'>
  readonly now: {
    readonly inDoubt: { readonly count: number; readonly isBound: boolean }
    readonly oldestDoubtSince?: string
  }
}

export interface Me {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly scopes: readonly string[]
  readonly version: string
  readonly store: string
}

/** An event of the ledger, as the live feed and lists of events have it. */
export interface LedgerEvent {
  readonly type: string
  readonly atUs: number
  readonly worker: string
  readonly ref: string
  readonly operation: string
  readonly key: string | readonly string[]
  readonly subject?: string
  readonly [detail: string]: unknown
}

export interface Recorded<Document> {
  readonly id: string
  readonly at: string
  readonly by: string
  readonly document: Document
}

export interface AuditRecord {
  readonly seq: number
  readonly at: string
  readonly who: { readonly id: string; readonly name: string; readonly role: string }
  readonly what: string
  readonly about: string
  readonly scope?: string
  readonly why?: string
  readonly before?: unknown
  readonly after?: unknown
  readonly hash: string
}

export interface Token {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly scopes?: readonly string[]
  readonly createdAt: string
  readonly createdBy: string
  readonly revokedAt?: string
}
