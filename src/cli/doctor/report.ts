import type { StoreKind } from '../../stores/open.ts'

/** What `onceward doctor --json` prints (docs/reference/json.md). */
export interface DoctorReport {
  /** No promise is broken, and no finding is a problem. */
  readonly ok: boolean
  readonly node: { readonly version: string; readonly needed: string }
  readonly sqlite: { readonly version: string; readonly walSafeFrom: string }
  readonly store: StoreReport
  readonly claims: readonly Claim[]
  readonly checks: readonly Check[]
  readonly findings: readonly Finding[]
}

export interface StoreReport {
  readonly kind: StoreKind
  /** Without a password. */
  readonly location: string
  readonly reachable: boolean
  readonly schemaVersion?: number
  readonly lineage?: { readonly epoch: number; readonly nonce: string }
  readonly settings: Readonly<Record<string, string | number | boolean | null>>
}

/** A promise of the README, and whether this store keeps it. */
export interface Claim {
  readonly id: string
  readonly claim: string
  /** null where it cannot be told from here, or does not apply. */
  readonly holds: boolean | null
  /** False where this kind of store does not promise it. */
  readonly applies: boolean
  readonly why: string
  /** What would make it hold, where it does not. */
  readonly change?: string
}

/** One thing that promises rest on: what it is here, and what it has to be. */
export interface Check {
  readonly id: string
  readonly setting: string
  readonly is: string
  readonly needs: string
  readonly holds: boolean | null
  /** What would change the answer. */
  readonly change: string
}

/** How a check is made. Pure: the facts are read before. */
export interface CheckRule<Facts> extends Pick<Check, 'id' | 'setting' | 'needs' | 'change'> {
  readonly is: (facts: Facts) => string
  readonly holds: (facts: Facts) => boolean | null
  /** What follows where it does not hold. */
  readonly means: string
  /** True where no promise rests on it: then it is a note and no problem. */
  readonly isAdvice?: boolean
}

export interface Finding {
  readonly level: 'problem' | 'note'
  readonly text: string
}

/** What looking at a store comes to. */
export interface Examination {
  readonly store: StoreReport
  readonly claims: readonly Claim[]
  readonly checks: readonly Check[]
  readonly findings: readonly Finding[]
  /** Why the store could not be reached, where it could not: the exit code comes from it. */
  readonly error?: unknown
}

export function runChecks<Facts>(rules: readonly CheckRule<Facts>[], facts: Facts): Check[] {
  return rules.map(({ id, setting, needs, change, is, holds }) => {
    return { id, setting, is: is(facts), needs, holds: holds(facts), change }
  })
}

/** What the checks that do not hold mean. */
export function findingsOf<Facts>(rules: readonly CheckRule<Facts>[], facts: Facts): Finding[] {
  return rules
    .filter((rule) => rule.holds(facts) === false)
    .map((rule) => {
      const text = `${rule.setting}: ${rule.is(facts)}. ${rule.means}`
      return rule.isAdvice === true ? remark(text) : problem(text)
    })
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
