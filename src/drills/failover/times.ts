import type { OncewardEvent } from '../../ledger/events.ts'
import { eventsIn } from '../collect.ts'

/** How long a failover kept work waiting, from the death of the primary on. Absent where none of it came. */
export interface Waits {
  /** Until some keyed work had its outcome again. */
  readonly keyedMs?: number
  /** Until the first blind effect began that nobody had begun before. */
  readonly blindMs?: number
}

export function waitsSince(folder: string, sinceMs: number): Waits {
  const events = eventsIn(folder).filter(({ atUs }) => atUs / 1000 > sinceMs)
  const after = (first: OncewardEvent | undefined): number | undefined =>
    first === undefined ? undefined : Math.round(first.atUs / 1000 - sinceMs)
  const firstOf = (type: OncewardEvent['type'], operation: string): OncewardEvent | undefined =>
    events
      .filter((event) => event.type === type && event.operation === operation)
      .toSorted((a, b) => a.atUs - b.atUs)[0]
  const keyedMs = after(firstOf('succeeded', 'keyed'))
  const blindMs = after(firstOf('claimed', 'blind'))
  return { ...(keyedMs === undefined ? {} : { keyedMs }), ...(blindMs === undefined ? {} : { blindMs }) }
}
