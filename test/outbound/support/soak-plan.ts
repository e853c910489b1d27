import { seededShare } from '../../../src/testing/random.ts'
import type { Fault, PeerKind } from './faults.ts'

/** What happens to one intent, as it follows from its number and the seed alone: any process draws the same. */
export interface SoakIntent {
  readonly id: string
  readonly kind: PeerKind
  /** What the peer does at its first arrival, its second and so on; `ok` after that. */
  readonly faults: readonly Fault[]
  /** Sent to a port at which nobody listens. */
  readonly isUnreachable: boolean
}

/** How a call ended, in the words of the issue. `refused` is a no of the peer or of the client. */
export type SoakOutcome = 'done' | 'not-sent' | 'unknown' | 'refused'

/** One line of a sender's own journal. It is written when the caller has the outcome, not before. */
export interface SoakReport {
  readonly id: string
  readonly outcome: SoakOutcome
  /** What the peer called the effect, of `done`. */
  readonly effectId?: string
  /** Code of the error, if there was one. */
  readonly code?: string
}

/** As many as there are attempts. */
const maxFaults = 4

export interface SoakPlan {
  readonly name: string
  readonly seed: number
  /** What is mixed in. */
  readonly faults: readonly Fault[]
}

export function soakIntent({ name, seed, faults }: SoakPlan, at: number): SoakIntent {
  const draw = (what: string): number => seededShare(seed, String(at), what)
  const kind = draw('kind')
  const count = draw('clean') < 0.35 ? 0 : 1 + Math.floor(draw('count') * maxFaults)
  return {
    id: `${name}-${at}`,
    kind: kind < 0.2 ? 'blind' : kind < 0.4 ? 'conflicts' : 'replays',
    faults: Array.from(
      { length: count },
      (_, time) => faults[Math.floor(draw(`fault ${time}`) * faults.length)] ?? 'ok',
    ),
    isUnreachable: draw('unreachable') < 0.02,
  }
}

/** What does not hold, one sentence each: what was reported, against what the peer's journal counts. */
export function soakViolations(
  reports: ReadonlyMap<string, SoakReport>,
  effects: ReadonlyMap<string, number>,
  intents: readonly SoakIntent[],
): string[] {
  return intents.flatMap(({ id, kind, faults: planned }) => {
    const count = effects.get(id) ?? 0
    const report = reports.get(id)
    const about = `${id} (${kind}: ${planned.join(', ') || 'no fault'}), reported as ${report?.outcome ?? 'nothing'}`
    if (report === undefined) return [`${about}: its caller was told nothing`]
    if (count > 1) return [`${about}: ${count} effects`]
    if (report.outcome === 'done' && count === 0) return [`${about}: no effect`]
    const isDenied = report.outcome === 'not-sent' || report.outcome === 'refused'
    return isDenied && count > 0 ? [`${about}: ${count} effect`] : []
  })
}

/** How many intents came to each outcome. */
export function countOutcomes(reports: Iterable<SoakReport>): Readonly<Record<SoakOutcome, number>> {
  const counts = { done: 0, 'not-sent': 0, unknown: 0, refused: 0 }
  for (const { outcome } of reports) counts[outcome] += 1
  return counts
}
