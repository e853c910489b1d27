import { count, members, milliseconds } from '../kernel/check.ts'
import { optionInvalid } from '../kernel/errors.ts'

/** How often and how patiently a call is sent again, over HTTP and gRPC alike. */
export interface RetryOptions {
  /** The first one included. Default 3; 1 means no retry. */
  readonly attempts?: number
  /** The longest first wait; it doubles with each retry. Default 100. */
  readonly baseMs?: number
  /** No wait is longer, but for one that the target asks for. Default 20,000. */
  readonly capMs?: number
}

export interface BudgetOptions {
  /** As a fraction of first calls. Default 0.2; may exceed 1. */
  readonly ratio?: number
  /** So many are allowed in any case. Default 3. */
  readonly min?: number
}

export type ParsedRetry = Required<RetryOptions>
export type ParsedBudget = Required<BudgetOptions>

/** Throws `OPTION_INVALID`, as everything here does. */
export function parseRetry(retry: RetryOptions = {}): ParsedRetry {
  members(retry, 'retry')
  return {
    attempts: count(retry.attempts ?? 3, 'retry.attempts', { min: 1, max: 100 }),
    baseMs: milliseconds(retry.baseMs ?? 100, 'retry.baseMs', 0),
    capMs: milliseconds(retry.capMs ?? 20_000, 'retry.capMs', 0),
  }
}

export function parseBudget(budget: BudgetOptions = {}): ParsedBudget {
  members(budget, 'budget')
  return {
    ratio: fraction(budget.ratio ?? 0.2, 'budget.ratio', 100),
    min: count(budget.min ?? 3, 'budget.min', { min: 0, max: 1_000_000 }),
  }
}

export function fraction(value: unknown, name: string, max: number): number {
  if (typeof value === 'number' && value >= 0 && value <= max) return value
  throw optionInvalid(name, `a number from 0 to ${max}`, value)
}
