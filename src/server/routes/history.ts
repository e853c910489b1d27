import { timestamp } from '../../kernel/time.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { Services } from '../services.ts'

/** One thing that happened to an entry. */
interface Happening {
  readonly at: string
  readonly type: string
  /** Read off the row, or told of by a worker. */
  readonly source: 'entry' | 'event'
  readonly worker?: string
  readonly fence?: unknown
  readonly detail: Readonly<Record<string, unknown>>
}

/**
 * The history of an entry: what its row says, and what workers have written down of it. A worker that records nothing
 * leaves only what the row says; by the store's clock the one, by the workers' clocks the other.
 */
export async function historyOf({ activity }: Services, entry: Entry): Promise<readonly Happening[]> {
  const told = await activity.historyOf(entry.scope, entry.ref, entry.claimedAtMs)
  const events = told.map((event): Happening => {
    const {
      type,
      atUs,
      worker,
      fence,
      ref: _r,
      scope: _s,
      operation: _o,
      key: _k,
      subject: _u,
      ...detail
    } = event
    const who = { worker, ...(fence === undefined ? {} : { fence }) }
    return { at: timestamp(atUs / 1000), type, source: 'event', ...who, detail }
  })
  const has = (type: string): boolean => events.some((event) => event.type === type)
  return [...ofRow(entry, has), ...events].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function ofRow(entry: Entry, has: (type: string) => boolean): readonly Happening[] {
  const found: Happening[] = []
  const add = (type: string, atMs: number | undefined, detail: Happening['detail'] = {}): void => {
    if (atMs !== undefined) found.push({ at: timestamp(atMs), type, source: 'entry', detail })
  }
  add('claimed', entry.claimedAtMs, { attempt: 1 })
  for (const { name, state, attempts, startedAtMs, finishedAtMs } of entry.steps?.steps ?? []) {
    add('step_started', startedAtMs, { step: name, attempts })
    add('step_finished', finishedAtMs, { step: name, outcome: state })
  }
  const { doubt, resolution } = entry
  if (doubt !== undefined && !has('in_doubt')) add('in_doubt', doubt.sinceMs, { why: doubt.why })
  if (resolution !== undefined && !has('resolved'))
    add('resolved', resolution.atMs, { by: resolution.by, because: resolution.because, state: entry.state })
  const ended = entry.buriedState ?? entry.state
  if (!has(ended)) add(ended, entry.finishedAtMs, { attempt: entry.attempt })
  return found
}
