import { timestamp } from '../../kernel/time.ts'
import type { DoubtReceipt } from '../../ledger/receipt.ts'
import type { KeptEvent } from '../activity/streams.ts'
import type { Alert } from './alert.ts'

/* What is told of, and how: pure. Keys and numbers are named; inputs, results and texts of targets never. */

const shownRefs = 5

interface Doubts {
  readonly scope: string
  readonly doubts: readonly DoubtReceipt[]
  /** There are more than those. */
  readonly isBound: boolean
  readonly nowMs: number
  readonly afterMs: number
}

/** Doubts that nobody has decided in time. */
export function doubtsAlert({ scope, doubts, isBound, nowMs, afterMs }: Doubts): Alert | undefined {
  const old = doubts.filter(({ since }) => nowMs - Date.parse(since) >= afterMs)
  if (old.length === 0) return undefined
  const oldestMs = Math.min(...old.map(({ since }) => Date.parse(since)))
  const count = `${old.length}${isBound ? ' or more' : ''}`
  const refs = old.slice(0, shownRefs).map(({ ref, operation }) => `${operation} ${ref}`)
  return {
    kind: 'in-doubt',
    scope,
    severity: 'critical',
    title: `${scope}: ${count} in doubt, the oldest for ${Math.floor((nowMs - oldestMs) / 60_000)} min`,
    text: [
      'Nobody knows whether these happened, and nobody guesses. Look at their targets, then decide:',
      'onceward doubt list, or the page Doubts of the control room.',
      ...refs,
      ...(old.length > shownRefs ? [`… and ${old.length - shownRefs} more`] : []),
    ].join('\n'),
    at: timestamp(nowMs),
  }
}

interface Twins {
  readonly scope: string
  /** Newest first. */
  readonly twins: readonly KeptEvent[]
  readonly nowMs: number
}

const hourMs = 3_600_000

/** Unstable keys of the last hour. */
export function twinsAlert({ scope, twins, nowMs }: Twins): Alert | undefined {
  const recent = twins.filter(({ type, atUs }) => type === 'twin' && nowMs - atUs / 1000 < hourMs)
  const operations = [...new Set(recent.map((event) => String(event['operation'])))]
  if (recent.length === 0) return undefined
  return {
    kind: 'twins',
    scope,
    severity: 'warning',
    title: `${scope}: the same work under two keys, ${recent.length} times within an hour`,
    text: [
      `A key of ${operations.slice(0, shownRefs).join(', ')} is made anew for each try. Both effects may have happened.`,
      'See the page Twins of the control room.',
      ...recent.slice(0, shownRefs).map(({ ref }) => ref),
    ].join('\n'),
    at: timestamp(nowMs),
  }
}

interface Reconciled {
  readonly scope: string
  readonly name: string
  readonly differences: number
  readonly at: string
}

/** A reconciliation that found something. */
export function reconciliationAlert({ scope, name, differences, at }: Reconciled): Alert | undefined {
  if (differences === 0) return undefined
  return {
    kind: 'reconciliation',
    scope,
    severity: 'critical',
    title: `${scope}: ${differences} keys differ in the reconciliation ${name}`,
    text: 'Something is missing, is there too often, or is not what it should be. See the page Reconciliations of the control room.',
    at,
  }
}
