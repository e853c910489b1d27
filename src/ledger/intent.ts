import type { Safety, SafetyKind } from './safety.ts'

/** The key of an intent: a string, or parts. `['order', 1001]` and `['order', '1001']` are the same key. */
export type Key = string | readonly KeyPart[]
export type KeyPart = string | number | bigint | boolean

/** One wish for an effect. Everything but operation and key has a default. */
export interface Intent {
  /** The name of the kind of work: `charge`. At most 100 bytes. */
  readonly operation: string
  /** Names the work, never the attempt or the time. At most 255 bytes, parts and their lengths included. */
  readonly key: Key
  /** JSON; at most 256 KiB unless raised. The same key with another input is refused (`KEY_REUSED`). */
  readonly input?: unknown
  /** The business thing this is about, `order:42`: for search, twins and reconciliation. At most 255 bytes. */
  readonly subject?: string
  /** What the target guarantees. Default: what the operation was registered with, else `blind`. */
  readonly safety?: Safety | SafetyKind
  /** How long an owner holds the entry without renewing. Default 30,000 ms, at least 100. */
  readonly leaseMs?: number
  /** How long the result can be replayed. Default 30 days. After that the key answers `KEY_EXPIRED`. */
  readonly retainMs?: number
  /** `on-failure`: a definite failure may be tried again by the next call. Default `never`: it is replayed. */
  readonly retry?: 'never' | 'on-failure'
  /** The effect makes exactly one call, so "connection refused" or "no such host" means it was not sent (rule 1). */
  readonly singleCall?: boolean
  /** The effect is made of `attempt.step` calls and has none outside them. */
  readonly steps?: boolean
  /** What to do while somebody else does the work. Default `wait`. */
  readonly onConcurrent?: 'wait' | 'reject'
  /** How long to wait. Default 30,000 ms, then `IN_PROGRESS`. */
  readonly waitMs?: number
  /** Default: what the operation was registered with, else `refuse`. */
  readonly onStoreOutage?: 'refuse' | 'run'
}

/** Who asks for an entry by identity, without wanting an effect. */
export interface IntentIdentity {
  readonly operation: string
  readonly key: Key
}

/** An intent after the door: checked, defaulted, frozen (rule 7). What the caller mutates later changes nothing. */
export interface FrozenIdentity {
  readonly ref: string
  readonly scope: string
  readonly operation: string
  /** Encoded by `encodeKey`. */
  readonly key: string
  readonly subject?: string | undefined
  readonly fingerprint: string
  /** RFC 8785 form of the whole input; `verify` gets it parsed, as a copy of its own. */
  readonly canonicalInput?: string | undefined
}
