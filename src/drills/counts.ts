import { eventsOf, type KeyHistory } from './history.ts'

/** What must have happened at least once, or a drill proves nothing. */
export interface Counts {
  readonly takeovers: number
  readonly replays: number
  readonly inDoubt: number
  readonly effects: number
  /** Outcomes that the target was asked for. */
  readonly asked: number
  readonly renewals: number
  readonly lateOutcomes: number
}

export function countsOf(histories: readonly KeyHistory[]): Counts {
  const sum = (count: (history: KeyHistory) => number): number =>
    histories.reduce((total, history) => total + count(history), 0)
  return {
    takeovers: sum((history) => eventsOf(history, 'claimed').filter((event) => event.takeover).length),
    replays: sum((history) => eventsOf(history, 'replayed').length),
    inDoubt: sum((history) => eventsOf(history, 'in_doubt').length),
    effects: sum((history) => history.effects.length),
    asked: sum((history) => eventsOf(history, 'resolved').filter((event) => event.by === 'verify').length),
    renewals: sum((history) => eventsOf(history, 'renewed').length),
    lateOutcomes: sum((history) => eventsOf(history, 'late_outcome').length),
  }
}
