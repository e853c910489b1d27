import type { Place } from '../places/place.ts'

/** Drills that kill servers bring their own pair, wherever else the ledger is kept. */
export function pairSkips({ isUsersOwn }: Place): string | undefined {
  return isUsersOwn ? 'the server of a store of your own is not killed' : undefined
}
