import { createHash } from 'node:crypto'
import { isOncewardError, OncewardError } from '../../kernel/errors.ts'
import type { ReconcileOptions } from '../compare/options.ts'

/** A row by its id's cells and a digest of all of it. */
export interface NamedRow {
  readonly id: readonly string[]
  readonly digest: string
}

export interface RemovedRow extends NamedRow {
  /** The kept row that it repeats, by its id. */
  readonly twin: readonly string[]
}

/** One key: what is kept, what goes, and how many the left side has. */
export interface PlannedKey {
  readonly key: readonly string[]
  readonly left: number
  readonly keep: readonly NamedRow[]
  readonly remove: readonly RemovedRow[]
}

/** What is left as it is, because nothing proves that it is a repetition. */
export interface LeftOut {
  readonly key: readonly string[]
  readonly rows: number
  readonly why: string
}

export type KeepRule = 'first' | 'last'

export type CleanupAction =
  /** A column of the table is set. */
  | { readonly kind: 'mark'; readonly column: string }
  /** The rows are moved into a table beside it. */
  | { readonly kind: 'move'; readonly table: string }
  /** Somebody is called for each row, once, through the ledger. */
  | {
      readonly kind: 'call'
      readonly url: string
      readonly safety: 'keyed' | 'blind'
      readonly tokenEnv?: string
    }
  /** Nothing here can be changed: the list of rows is for whoever can. */
  | { readonly kind: 'list' }

/** Of `reconcile`, as it was asked. No secrets: passwords are left out, tokens are names of variables. */
export type PlannedQuestion = Omit<ReconcileOptions, 'onProgress' | 'signal'>

export interface CleanupPlan {
  readonly onceward: 'clean-up/v1'
  readonly id: string
  readonly madeAt: string
  readonly what: string
  readonly why: string
  readonly question: PlannedQuestion
  readonly action: CleanupAction
  /** The column whose rows count as gone where it is set; null where there is none. */
  readonly mark: string | null
  /** Columns of the right side that name a row. */
  readonly idColumns: readonly string[]
  /** Columns in which a row must equal the one it repeats. */
  readonly twinColumns: readonly string[]
  /** Columns that may differ. */
  readonly ignored: readonly string[]
  readonly keepRule: KeepRule
  /** In words. */
  readonly rule: string
  readonly expected: { readonly keys: number; readonly keep: number; readonly remove: number }
  readonly keys: readonly PlannedKey[]
  readonly leftOut: { readonly keys: number; readonly listed: readonly LeftOut[] }
  /** Of all the above, so that a plan is approved as it was made. */
  readonly digest: string
}

export function planDigest(plan: Omit<CleanupPlan, 'digest'>): string {
  const { digest: _, ...rest } = plan as CleanupPlan
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex')
}

/** Throws `OPTION_INVALID` for a text that is no plan, or one that was changed since it was made. */
export function parsePlan(text: string, name: string): CleanupPlan {
  let plan: CleanupPlan
  try {
    plan = JSON.parse(text) as CleanupPlan
    if (plan.onceward !== 'clean-up/v1') throw new TypeError('another kind of file')
    checkCounts(plan)
  } catch (error) {
    if (isOncewardError(error)) throw error
    throw new OncewardError('OPTION_INVALID', `${name} is no clean-up plan of this version.`, {
      cause: error,
    })
  }
  if (planDigest(plan) !== plan.digest)
    throw new OncewardError(
      'OPTION_INVALID',
      `${name} was changed since it was made (its digest differs). Make a new plan with --fix.`,
    )
  return plan
}

/** What every plan holds to: each row that goes has its twin among those of its key that stay. */
function checkCounts({ keys, expected }: CleanupPlan): void {
  const keep = keys.reduce((sum, key) => sum + key.keep.length, 0)
  const remove = keys.reduce((sum, key) => sum + key.remove.length, 0)
  const hasTwins = keys.every((key) => key.remove.every(({ twin }) => hasId(key.keep, twin)))
  const isSound =
    hasTwins && expected.keys === keys.length && expected.keep === keep && expected.remove === remove
  if (!isSound) throw new TypeError('counts differ')
}

export function hasId(rows: readonly NamedRow[], id: readonly string[]): boolean {
  const wanted = idText(id)
  return rows.some((row) => idText(row.id) === wanted)
}

export function idText(id: readonly string[]): string {
  return JSON.stringify(id)
}
