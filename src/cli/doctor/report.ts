/** What `onceward doctor --json` prints (docs/reference/json.md). */
export interface DoctorReport {
  /** No finding is a problem. */
  readonly ok: boolean
  readonly node: { readonly version: string; readonly needed: string }
  readonly sqlite: { readonly version: string; readonly walSafeFrom: string }
  readonly store: StoreReport
  readonly claims: readonly Claim[]
  readonly findings: readonly Finding[]
}

export interface StoreReport {
  readonly kind: 'sqlite' | 'postgres' | 'memory'
  /** Without a password. */
  readonly location: string
  readonly reachable: boolean
  readonly schemaVersion?: number
  readonly lineage?: { readonly epoch: number; readonly nonce: string }
  readonly settings: Readonly<Record<string, string | number | boolean | null>>
}

/** A promise of the ledger, and whether this store keeps it. */
export interface Claim {
  readonly claim: string
  /** null where it cannot be told from here. */
  readonly holds: boolean | null
  readonly why: string
}

export interface Finding {
  readonly level: 'problem' | 'note'
  readonly text: string
}

/** What looking at a store comes to. */
export interface Examination {
  readonly store: StoreReport
  readonly claims: readonly Claim[]
  readonly findings: readonly Finding[]
  /** Why the store could not be reached, where it could not: the exit code comes from it. */
  readonly error?: unknown
}

export function problem(text: string): Finding {
  return { level: 'problem', text }
}

export function remark(text: string): Finding {
  return { level: 'note', text }
}

/** Compares `3.51.3` with `3.9`: numbers between dots, missing ones are zero. */
export function isOlder(version: string, than: string): boolean {
  const left = version.split('.').map(Number)
  const right = than.split('.').map(Number)
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
