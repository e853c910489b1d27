import type { Store } from '../../ledger/store.ts'
import { ask, all, type Break, type Notes, noted, show } from './wrap.ts'

/** How far a counter of a row, as shown, lags behind the good store's. */
export type Lags = Map<string, number>

export function lagsOf(notes: Notes, counter: 'attempt' | 'rev'): Lags {
  return noted(notes, `lags of ${counter}`, () => new Map<string, number>())
}

/**
 * A store whose counter lags behind the good one's as `lagsOf` says: rows are shown with it and requests are taken with
 * it, so that callers find a store that simply never counted so far.
 */
export function lagging(counter: 'attempt' | 'rev'): Break {
  const lag = (notes: Notes, ref: string): number => lagsOf(notes, counter).get(ref) ?? 0
  const shown = show((row, notes) => ({ ...row, [counter]: row[counter] - lag(notes, row.ref) }))
  const claims = ask('claim', (request, { notes }) => {
    if (request.expect === undefined) return request
    return {
      ...request,
      expect: { ...request.expect, [counter]: request.expect[counter] + lag(notes, request.ref) },
    }
  })
  const resolves = ask('resolve', (request, { notes }) => {
    return {
      ...request,
      expect: { ...request.expect, [counter]: request.expect[counter] + lag(notes, request.ref) },
    }
  })
  if (counter === 'rev') return all(claims, resolves, shown)
  const settles = ask('settle', (request, { notes }) => ({
    ...request,
    attempt: request.attempt + lag(notes, request.ref),
  }))
  const renews = ask('renew', (request, { notes }) => ({
    ...request,
    attempt: request.attempt + lag(notes, request.ref),
  }))
  return all(claims, resolves, settles, renews, shown)
}

/** Every row of the place, in any order. For mutants that answer from what is there. */
export async function everyRow(store: Store): Promise<Awaited<ReturnType<Store['list']>>['entries']> {
  return (await store.list({ limit: 500 })).entries
}
