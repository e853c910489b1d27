import type { Fence } from '../../ledger/entry.ts'
import type { SafetyKind } from '../../ledger/safety.ts'
import { compareFences, showFence, type Watch } from '../watch.ts'

/*
 * What is checked where effects are sent and where they are counted: I1, I4 and I5.
 */

/** Something is about to be sent for a unit, by the attempt with this owner's fence. */
export interface Sending {
  readonly key: number
  readonly unit: string
  readonly safety: SafetyKind
  readonly fence: Fence
  /** The fence of the row, as it is now. */
  readonly rowFence: Fence | undefined
}

/** I4: nothing is begun behind a takeover. I5: nothing is sent again to a blind target while an outcome is unknown. */
export function onSend(watch: Watch, { key, unit, safety, fence, rowFence }: Sending): void {
  const state = watch.keys[key]
  if (state === undefined) return
  if (rowFence !== undefined && rowFence.epoch === fence.epoch && compareFences(rowFence, fence) > 0) {
    const [mine, theirs] = [showFence(fence), showFence(rowFence)]
    watch.report('I4', key, `${unit} was begun by attempt ${mine}, after ${theirs} had taken it over`)
  }
  const last = state.lastSends.get(unit)
  if (safety === 'blind' && last !== undefined && last.outcome !== 'no')
    watch.reportExcusable(
      'I5',
      key,
      `${unit} was sent again, while the outcome of ${showFence(last.fence)} is ${last.outcome}`,
    )
  state.lastSends.set(unit, { fence, outcome: 'open' })
}

/** I1: at most one effect for each unit, whatever keys it was sent under. I6: all of them for one input. */
export function onEffect(watch: Watch, unit: string): void {
  const key = Number(unit.slice(1, 2))
  const found = watch.effectsOf(unit)
  if (found.length > 1)
    watch.reportExcusable(
      'I1',
      key,
      `${unit} happened ${found.length} times: ${found.map(({ id }) => id).join(', ')}`,
    )
  const inputs = new Set(found.map(({ input }) => input))
  if (inputs.size > 1)
    watch.reportExcusable('I6', key, `${unit} happened for ${inputs.size} different inputs`)
}
