import { type SafetyKind, safetyKinds } from '../../ledger/safety.ts'
import type { ExhaustOptions } from './options.ts'

/** How much is walked through: in a second or two, in half a minute, or in minutes. */
export type ExhaustiveSize = 'small' | 'verify' | 'full'

type Faults = Omit<ExhaustOptions, 'safety'>

const calm: Faults = {
  workers: 2,
  replication: 'sync',
  crashes: 0,
  lapses: 0,
  lostReplies: 0,
  failovers: 0,
}

const small: readonly Faults[] = [
  { ...calm, lapses: 2, lostReplies: 1 },
  { ...calm, crashes: 1, lostReplies: 1 },
  { ...calm, refusals: 1, lostReplies: 1, retry: 'on-failure' },
  { ...calm, lapses: 2, otherInput: true },
  { ...calm, failovers: 1, lapses: 1 },
  { ...calm, failovers: 1, lapses: 1, replication: 'async' },
]

const verify: readonly Faults[] = [
  { ...calm, crashes: 1, lapses: 2, lostReplies: 1 },
  { ...calm, lapses: 2, refusals: 1, lostReplies: 1 },
  { ...calm, failovers: 1, lapses: 2 },
  { ...calm, failovers: 1, lapses: 2, replication: 'async' },
  { ...calm, failovers: 1, lostReplies: 1, lapses: 1, replication: 'async' },
  { ...calm, failovers: 1, refusals: 1, lapses: 2, replication: 'async' },
  { ...calm, lapses: 5 },
]

const full: readonly Faults[] = [
  ...verify,
  { ...calm, crashes: 1, lapses: 3, lostReplies: 1 },
  { ...calm, crashes: 1, lapses: 2, failovers: 1 },
  { ...calm, crashes: 1, lapses: 2, failovers: 1, replication: 'async' },
  { ...calm, lapses: 4, failovers: 1 },
  { ...calm, lapses: 4, failovers: 1, replication: 'async' },
  { ...calm, lapses: 4, failovers: 1, refusals: 1, replication: 'async' },
  { ...calm, lapses: 2, failovers: 1, refusals: 1, retry: 'on-failure', replication: 'async' },
  { ...calm, workers: 3, lapses: 2 },
  { ...calm, workers: 3, crashes: 1, lostReplies: 1 },
  { ...calm, workers: 3, crashes: 1, lapses: 2 },
  { ...calm, workers: 3, failovers: 1, lapses: 2 },
  { ...calm, workers: 3, failovers: 1, lapses: 1, replication: 'async' },
]

const bySize: Readonly<Record<ExhaustiveSize, readonly Faults[]>> = { small, verify, full }

/** What is searched at a size: every safety under each set of faults. */
export function configurations(
  size: ExhaustiveSize,
  safeties: readonly SafetyKind[] = safetyKinds,
): readonly ExhaustOptions[] {
  return bySize[size].flatMap((faults) => safeties.map((safety) => ({ ...faults, safety })))
}
