import { setTimeout as sleep } from 'node:timers/promises'
import type { Payload } from './template.ts'

/** Counts effects where they happen, and not by what the service under test says of them. */
export interface EffectCounter {
  /** Says how, for the report. */
  readonly how: string
  /** Effects of these payloads; where single ones cannot be told apart, of all there are. */
  count(payloads: readonly Payload[]): Promise<number>
}

const everyMs = 50

/**
 * Does `act` and counts the effects that `payloads` have had by it. `undefined` where there is no counter. The count is
 * looked at again and again for `settleMs`, since an effect may come after its answer.
 */
export async function counted<T>(
  { counter, settleMs, signal }: { counter?: EffectCounter; settleMs: number; signal: AbortSignal },
  payloads: readonly Payload[],
  act: () => Promise<T>,
): Promise<{ readonly value: T; readonly effects: number | undefined }> {
  if (counter === undefined) return { value: await act(), effects: undefined }
  const before = await counter.count(payloads)
  const value = await act()
  const endsAtMs = performance.now() + settleMs
  for (;;) {
    const effects = (await counter.count(payloads)) - before
    const leftMs = endsAtMs - performance.now()
    if (leftMs <= 0) return { value, effects }
    await sleep(Math.min(everyMs, leftMs), undefined, { signal })
  }
}

export function effectsText(effects: number | undefined): string {
  if (effects === undefined) return 'effects not counted'
  return effects === 1 ? '1 effect' : `${effects} effects`
}
