import type { Entry } from '../../ledger/entry.ts'
import { recallRules } from '../../ledger/recall-rules.ts'
import { type RecallRules, type Rules, rules } from '../../ledger/rules.ts'
import type { ParsedSafety } from '../../ledger/safety.ts'
import type { SettleResult } from '../../ledger/store.ts'
import { claimRow, recallRow, renewRow, resolveRow, settleRow } from '../../ledger/transitions.ts'
import { safetyOf } from './state.ts'
import type { ExhaustOptions } from './options.ts'

/** What is searched: the functions that run in production, or a mutant of one of them. */
export interface Production {
  readonly rules: Rules
  readonly recall: RecallRules
  readonly claimRow: typeof claimRow
  readonly settleRow: typeof settleRow
  readonly resolveRow: typeof resolveRow
  readonly renewRow: typeof renewRow
  readonly recallRow: typeof recallRow
  /** The token of an attempt's owner. */
  readonly ownerOf: (worker: number, token: number) => string
  /** A worker that finds its own claim claims it once more, by a write (rule 4). */
  readonly mustClaimOwn: boolean
  /** What the worker takes the answer to its outcome for. */
  readonly believed: (result: SettleResult, entry: Entry) => SettleResult
}

/** A change of what runs in production. */
export interface ExhaustiveMutant {
  readonly id: string
  readonly change: (standard: Production) => Partial<Production>
}

export const standard: Production = {
  rules,
  recall: recallRules,
  claimRow,
  settleRow,
  resolveRow,
  renewRow,
  recallRow,
  ownerOf: (worker, token) => `w${worker + 1}.${token}`,
  mustClaimOwn: true,
  believed: (result) => result,
}

/** All that does not change during one search. */
export interface World {
  readonly options: ExhaustOptions
  readonly production: Production
  readonly safety: ParsedSafety
}

export function worldOf(options: ExhaustOptions, mutant: ExhaustiveMutant | undefined): World {
  const production = { ...standard, ...mutant?.change(standard) }
  return { options, production, safety: safetyOf(options.safety) }
}

/** The input with which a worker calls. */
export function inputOf({ options }: World, worker: number): number {
  return options.otherInput === true && worker === options.workers - 1 ? 1 : 0
}

/** Whether two workers do the very same: then it does not matter which of them is the first to call. */
export function isAlike({ options }: World): boolean {
  return options.otherInput !== true
}
