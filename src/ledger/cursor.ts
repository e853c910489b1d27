import { optionInvalid } from '../kernel/errors.ts'
import type { Entry } from './entry.ts'
import type { ListPage } from './store.ts'

/** Where a page ended: entries are listed by claimedAt, then ref, both falling. */
export interface CursorPosition {
  readonly claimedAtMs: number
  readonly ref: string
}

export function encodeCursor(position: CursorPosition): string {
  return Buffer.from(`${position.claimedAtMs}/${position.ref}`, 'utf8').toString('base64url')
}

/** Throws `OPTION_INVALID` for what `encodeCursor` did not make. */
export function decodeCursor(cursor: string): CursorPosition {
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('utf8') : ''
  const [, claimedAtMs, ref] = /^(\d{1,16})\/([0-9a-z]{24})$/.exec(text) ?? []
  if (claimedAtMs === undefined || ref === undefined)
    throw optionInvalid('cursor', 'the "next" of the page before', cursor)
  return { claimedAtMs: Number(claimedAtMs), ref }
}

/** Makes a page of `limit` out of up to `limit + 1` entries that were found. */
export function pageOf(found: readonly Entry[], limit: number, nowMs: number): ListPage {
  return pageTo(found, limit, { nowMs })
}

/** The same of a bounded look: `seenTo` is where it ended, if there may be more behind it. */
export function pageTo(
  found: readonly Entry[],
  limit: number,
  { nowMs, seenTo }: { readonly nowMs: number; readonly seenTo?: CursorPosition | undefined },
): ListPage {
  const entries = found.slice(0, limit)
  const last = found.length > limit ? entries.at(-1) : seenTo
  return { nowMs, entries, ...(last === undefined ? {} : { next: encodeCursor(last) }) }
}
