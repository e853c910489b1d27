import type { Residual } from '../checks.ts'
import type { KeyHistory } from '../history.ts'
import type { Load, LoadAnswer } from '../load/load.ts'
import { acknowledgedWorks, lostOn, type Work } from './look.ts'
import { keysOfLot } from '../load/protocol.ts'

/** What a failover has lost of what some loads were working on. */
export interface Loss {
  /** Of the history that ended with the old primary. */
  readonly formerEpoch: number
  /** What the new primary did not know to have succeeded, before anybody asserted it. */
  readonly missing: ReadonlySet<string>
}

/** Asked when the standby has taken over and nobody has been let through to it. */
export async function lossOn(serverUrl: string, scope: string, loads: readonly Load[]): Promise<Loss> {
  const works = loads
    .flatMap((load) => load.lots)
    .flatMap((lot) => keysOfLot(lot).map((key): Work => ({ workload: lot.workload, key })))
  const missing = await lostOn(serverUrl, scope, works)
  const epochs = loads.flatMap((load) => load.answers()).map(({ receipt }) => receipt?.fence.epoch ?? 0)
  return { formerEpoch: Math.max(...epochs), missing: new Set(missing.map(({ key }) => key)) }
}

/** What was acknowledged before, and lost. A worker that stood still may read its acknowledgement long after. */
export function acknowledgedBefore(
  loads: readonly Load[],
  { formerEpoch, missing }: Loss,
): { readonly works: readonly Work[]; readonly lost: readonly Work[] } {
  const told = loads.flatMap((load) => load.answers()).filter((answer) => isFormer(answer, formerEpoch))
  const works = acknowledgedWorks(told)
  return { works, lost: works.filter(({ key }) => missing.has(key)) }
}

function isFormer({ receipt }: Pick<LoadAnswer, 'receipt'>, formerEpoch: number): boolean {
  return receipt !== undefined && receipt.fence.epoch <= formerEpoch
}

/**
 * Rows of the user's own, in the database that fails over: an asynchronous standby lacks them and their entries alike, and
 * nothing asserts them again. Who calls again has them again, once. What was told of the vanished ones is counted apart.
 */
export function withoutVanished(history: KeyHistory, { formerEpoch, missing }: Loss): KeyHistory {
  if (history.workload !== 'transactional' || !missing.has(history.key)) return history
  const isLater = (answer: Pick<LoadAnswer, 'receipt'>): boolean => !isFormer(answer, formerEpoch)
  return {
    ...history,
    events: history.events.filter((event) => !('fence' in event) || (event.fence?.epoch ?? 0) > formerEpoch),
    answersBefore: history.answersBefore.filter(isLater),
    answers: history.answers.filter(isLater),
  }
}

export function vanishedOf({ works, lost }: ReturnType<typeof acknowledgedBefore>): Residual {
  const isTransactional = ({ workload }: Work): boolean => workload === 'transactional'
  return {
    runs: 1,
    keys: works.filter(isTransactional).length,
    repeated: 0,
    lost: lost.filter(isTransactional).length,
  }
}
