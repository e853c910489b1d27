import type { ProfileName } from '../http/profiles.ts'

/** In the order of the report. */
export const checkIds = [
  'missing-key',
  'malformed-key',
  'first-accepted',
  'replay-equal',
  'replay-many',
  'payload-swap',
  'concurrent-same-key',
  'other-path',
  'other-caller',
  'reply-cut',
  'request-cut',
  'error-replay',
  'replay-after-restart',
  'bare-key',
  'key-parameters',
  'problem-details',
  'expiry-published',
] as const
export type CheckId = (typeof checkIds)[number]

export type Level = 'MUST' | 'SHOULD' | 'MAY'
export type Outcome = 'pass' | 'fail' | 'skip'
export type Verdict = 'conforms' | 'deviates' | 'unsafe'

export interface CheckResult {
  readonly id: CheckId
  readonly level: Level
  readonly outcome: Outcome
  /** The rule that it cites: document and section. */
  readonly rule: string
  readonly expected: string
  readonly seen: string
  /** The most effects that were counted for one key; left out where none could be counted. */
  readonly effects?: number
}

/** What `onceward contract --json` prints (docs/reference/json.md). */
export interface ContractReport {
  readonly target: string
  readonly profile: ProfileName
  /** How effects were counted. */
  readonly counted: string
  readonly checks: readonly CheckResult[]
  readonly summary: Readonly<Record<Outcome, number>>
  readonly verdict: Verdict
}

/** What a check came to. */
export type Finding = Pick<CheckResult, 'outcome' | 'seen' | 'effects'>

export function pass(seen: string, effects?: number): Finding {
  return finding('pass', seen, effects)
}

export function fail(seen: string, effects?: number): Finding {
  return finding('fail', seen, effects)
}

/** Not applied, not asked for, or not to be known. Never said instead of a failure. */
export function skip(why: string, effects?: number): Finding {
  return finding('skip', why, effects)
}

function finding(outcome: Outcome, seen: string, effects: number | undefined): Finding {
  return { outcome, seen, ...(effects === undefined ? {} : { effects }) }
}

export function summaryOf(checks: readonly CheckResult[]): Record<Outcome, number> {
  const count = (outcome: Outcome): number => checks.filter((check) => check.outcome === outcome).length
  return { pass: count('pass'), fail: count('fail'), skip: count('skip') }
}

/** More than one effect for one key is worse than any deviation. What is allowed, and what is not known, is neither. */
export function verdictOf(checks: readonly CheckResult[]): Verdict {
  if (checks.some(({ effects }) => effects !== undefined && effects > 1)) return 'unsafe'
  return checks.some(({ outcome, level }) => outcome === 'fail' && level !== 'MAY') ? 'deviates' : 'conforms'
}
