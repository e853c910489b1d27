import { callOnce } from '../call.ts'
import { openInstance } from '../instance.ts'
import type { Stage } from '../stage.ts'

/** A first piece of work on a server that has taken over: from here on its epoch grows older. */
export async function openEpoch(stage: Stage, name: string): Promise<void> {
  const { storeUrl, settings, peer } = stage
  const instance = await openInstance({ storeUrl, settings, peer: peer.client, onEvent: () => undefined })
  try {
    await callOnce(instance, { workload: 'transactional', key: `epoch-${name}` })
  } finally {
    await instance.once.close()
  }
}
