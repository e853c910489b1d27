import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves after `ms`, or at once when `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal && { signal }).catch(() => undefined)
}

export function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
