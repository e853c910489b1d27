import { PostgresPair, type PostgresPairOptions } from '../../testing/postgres-pair/index.ts'
import type { DrillContext } from '../drill.ts'
import { type FaultProxy, faultProxy } from '../proxy/index.ts'

/** A primary with its standby, and the one address by which workers reach whichever of them is the primary. */
export interface FailingAddress {
  readonly pair: PostgresPair
  readonly proxy: FaultProxy
  readonly url: string
}

/** Both end with the drill. */
export async function openFailingAddress(
  context: Pick<DrillContext, 'onEnd'>,
  options: PostgresPairOptions,
): Promise<FailingAddress> {
  const pair = await PostgresPair.start(options)
  context.onEnd(() => pair.stop())
  const proxy = await faultProxy({ target: pair.primary.url })
  context.onEnd(() => proxy.close())
  return { pair, proxy, url: proxy.through(pair.primary.url) }
}
