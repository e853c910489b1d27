import { isOncewardError, messageOf } from '../kernel/errors.ts'
import type { Intent } from '../ledger/intent.ts'
import type { Instance } from './instance.ts'
import type { Answer } from './worker-protocol.ts'
import { drillIntent, type WorkloadId, workloadOf } from './workloads.ts'

/** One call of a client, and how it ended for it. Never rejects. */
export async function callOnce(
  instance: Instance,
  work: { readonly workload: WorkloadId; readonly key: string },
  more: Partial<Intent> = {},
): Promise<Answer> {
  const { once, tools } = instance
  const { key } = work
  const beganAtMs = performance.now()
  const tookMs = (): number => performance.now() - beganAtMs
  const intent = { ...drillIntent(work.workload, key), ...more }
  try {
    const receipt = await once.execute(intent, workloadOf(work.workload).effect(key, tools))
    return { at: new Date().toISOString(), key, receipt, tookMs: tookMs() }
  } catch (error) {
    const code = isOncewardError(error) ? error.code : 'NOT_ONCEWARD'
    const thrown = { code, message: messageOf(error) }
    return { at: new Date().toISOString(), key, thrown, tookMs: tookMs() }
  }
}
