import type { OncewardEvent } from '../../ledger/events.ts'
import { type CountName, countNames } from '../schema/parts.ts'

export type Counts = Partial<Record<CountName, number>>

/** What happened in an interval: counts, and how long effects took. */
export interface Tally {
  readonly counts: Counts
  /** Successful effects by the upper bound of their duration, in milliseconds; those beyond all bounds under `more`. */
  readonly durations: Partial<Record<string, number>>
}

const bounds = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000,
  30_000, 60_000, 300_000,
]

export function emptyTally(): Tally {
  return { counts: {}, durations: {} }
}

/** Counts one event. */
export function countEvent({ counts, durations }: Tally, event: OncewardEvent): void {
  for (const name of countedAs(event)) counts[name] = (counts[name] ?? 0) + 1
  if (event.type !== 'succeeded') return
  const bound = String(bounds.find((each) => event.durationMs <= each) ?? 'more')
  durations[bound] = (durations[bound] ?? 0) + 1
}

/** Which counts an event adds to. */
export function countedAs(event: OncewardEvent): readonly CountName[] {
  switch (event.type) {
    case 'claimed':
      return event.takeover ? ['claims', 'takeovers'] : ['claims']
    case 'replayed':
      return ['claims', 'replays']
    case 'waiting':
      return ['claims', 'waits']
    case 'refused':
      return ['claims', 'refusals']
    case 'doubted':
      return ['claims', 'doubtAnswers']
    default: {
      const name = singles[event.type]
      return name === undefined ? [] : [name]
    }
  }
}

const singles: Readonly<Partial<Record<OncewardEvent['type'], CountName>>> = {
  effect_started: 'effects',
  succeeded: 'succeeded',
  failed: 'failed',
  released: 'released',
  outcome_unknown: 'unknown',
  in_doubt: 'inDoubt',
  resolved: 'resolved',
  lease_lost: 'leasesLost',
  late_outcome: 'lateOutcomes',
  twin: 'twins',
  key_unstable: 'unstableKeys',
  store_fault: 'storeFaults',
}

/** Adds `more` to `sum`. */
export function addTally(sum: Tally, more: Tally): void {
  for (const name of countNames) {
    const added = more.counts[name]
    if (added !== undefined) sum.counts[name] = (sum.counts[name] ?? 0) + added
  }
  for (const [bound, added = 0] of Object.entries(more.durations))
    sum.durations[bound] = (sum.durations[bound] ?? 0) + added
}

/** Every count by its name. */
export function fullCounts(counts: Counts): Readonly<Record<CountName, number>> {
  return Object.fromEntries(countNames.map((name) => [name, counts[name] ?? 0])) as Record<CountName, number>
}

/** Upper bounds of durations; nothing where nothing was measured. Beyond the last bound it is that bound. */
export function quantiles({ durations }: Tally): Partial<Record<'p50' | 'p95' | 'p99', number>> {
  const total = Object.values(durations).reduce<number>((sum, n = 0) => sum + n, 0)
  if (total === 0) return {}
  const at = (share: number): number => {
    let seen = 0
    for (const bound of bounds) {
      seen += durations[String(bound)] ?? 0
      if (seen >= share * total) return bound
    }
    return bounds.at(-1) ?? 0
  }
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
