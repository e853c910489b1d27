import type { StepsDocument } from '../../ledger/entry.ts'
import type { Reply } from '../../ledger/store.ts'

/**
 * Bytes of results that one statement carries. A full batch of the largest results would be a parameter of hundreds of
 * megabytes, longer than a string can be.
 */
const maxPortionBytes = 8 * 1024 * 1024

interface Weighty {
  readonly value?: Uint8Array | undefined
  readonly steps?: StepsDocument | undefined
}

/** Sends a batch in one go, or in several where its results are too large for one. */
export async function inPortions<Q extends Weighty, R>(
  requests: readonly Q[],
  send: (requests: readonly Q[]) => Promise<Reply<R>>,
): Promise<Reply<R>> {
  const portions = portionsOf(requests)
  const [only] = portions
  if (only !== undefined && portions.length === 1) return send(only)
  let nowMs = 0
  const results: R[] = []
  for (const portion of portions) {
    const reply = await send(portion)
    nowMs = reply.nowMs
    results.push(...reply.results)
  }
  return { nowMs, results }
}

function portionsOf<Q extends Weighty>(requests: readonly Q[]): readonly (readonly Q[])[] {
  const portions: Q[][] = [[]]
  let bytes = 0
  for (const request of requests) {
    const own = bytesOf(request)
    if (bytes > 0 && bytes + own > maxPortionBytes) {
      portions.push([])
      bytes = 0
    }
    portions.at(-1)?.push(request)
    bytes += own
  }
  return portions
}

function bytesOf({ value, steps }: Weighty): number {
  const ofSteps = steps?.steps.reduce((sum, step) => sum + (step.value?.length ?? 0), 0) ?? 0
  return (value?.byteLength ?? 0) + ofSteps
}
