import type { Json } from '../kernel/json.ts'
import { ask } from './ask.ts'
import type { Ledger } from './context.ts'
import type { Entry } from './entry.ts'
import { keepResult } from './results.ts'
import type { Verify } from './safety.ts'
import type { ResolveRequest } from './store.ts'

/** One conditional write of somebody who is not the owner; `undefined` when the entry has changed meanwhile. */
export async function resolveEntry(
  ledger: Ledger,
  entry: Entry,
  request: Omit<ResolveRequest, 'ref' | 'expect' | 'valueKept'> & { readonly valueKept?: boolean },
): Promise<Entry | undefined> {
  const { ref, attempt, rev } = entry
  const { result } = await ledger.lanes.resolve.ask(
    { ref, expect: { attempt, rev }, valueKept: true, ...request },
    ledger.options.storeTimeoutMs,
  )
  if (result.kind === 'stale') return undefined
  const { to, why = '', resolution = { by: '', because: '' } } = request
  if (to === 'in_doubt') ledger.events.emit('in_doubt', result.entry, { why })
  else ledger.events.emit('resolved', result.entry, { state: to, ...resolution })
  return result.entry
}

/** What asking the target about an entry came to, and the entry as it is then. */
export type Asked =
  | { readonly kind: 'succeeded' | 'in-doubt' | 'did-not-happen'; readonly entry: Entry }
  | { readonly kind: 'changed' }

export const didNotHappen: { readonly by: string; readonly because: string } = {
  by: 'verify',
  because: 'the target says that it did not happen',
}

/** Asks the target: yes → succeeded, unknown → in doubt; after a no, what follows is the asker's to say. */
export async function askTarget(
  ledger: Ledger,
  entry: Entry,
  safety: { readonly verify: Verify; readonly settleMs: number; readonly input?: Json | undefined },
): Promise<Asked> {
  const { settleMs, ...question } = safety
  const answer = await ask(ledger, { entry, timeoutMs: settleMs, ...question })
  if (answer.happened === false) return { kind: 'did-not-happen', entry }
  if (answer.happened === null) {
    if (entry.state === 'in_doubt') return { kind: 'in-doubt', entry }
    const doubted = await resolveEntry(ledger, entry, { to: 'in_doubt', why: answer.why })
    return doubted === undefined ? { kind: 'changed' } : { kind: 'in-doubt', entry: doubted }
  }
  const succeeded = await recordHappened(ledger, entry, answer.value)
  return succeeded === undefined ? { kind: 'changed' } : { kind: 'succeeded', entry: succeeded }
}

/** The target says that it happened; `undefined` when the entry has changed meanwhile. */
export function recordHappened(ledger: Ledger, entry: Entry, value: unknown): Promise<Entry | undefined> {
  const about = { operation: entry.operation, ref: entry.ref, usedBytes: 0 }
  const kept = keepResult(ledger.options, value, about)
  return resolveEntry(ledger, entry, {
    to: 'succeeded',
    valueKept: kept.kept,
    ...(kept.kept && kept.content !== undefined ? { value: kept.content } : {}),
    resolution: { by: 'verify', because: 'the target says that it happened' },
  })
}
