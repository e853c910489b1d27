import { refOf } from '../../kernel/ids.ts'
import { encodeKey } from '../../ledger/key.ts'
import { openStoreFromUrl } from '../../stores/open.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { LoadAnswer } from '../load/load.ts'
import type { WorkloadId } from '../workloads.ts'

export interface Work {
  readonly workload: WorkloadId
  readonly key: string
}

/** Reads entries from one server, past every proxy, and writes nothing there. In the order of the works. */
export async function entriesOn(
  serverUrl: string,
  scope: string,
  works: readonly Work[],
): Promise<readonly (Entry | undefined)[]> {
  const store = await openStoreFromUrl(serverUrl)
  try {
    const found: (Entry | undefined)[] = []
    for (let from = 0; from < works.length; from += store.maxBatch) {
      const page = works.slice(from, from + store.maxBatch)
      const refs = page.map(({ workload, key }) => refOf(scope, workload, encodeKey(key)))
      found.push(...(await store.read(refs)).results)
    }
    return found
  } finally {
    await store.close()
  }
}

/** The works whose callers were told of success, each once. */
export function acknowledgedWorks(answers: readonly LoadAnswer[]): readonly Work[] {
  const told = answers.filter(({ receipt }) => receipt?.state === 'succeeded' && receipt.error === undefined)
  return [...new Map(told.map(({ workload, key }) => [`${workload} ${key}`, { workload, key }])).values()]
}

/** Those of the works that a server does not know to have succeeded. */
export async function lostOn(
  serverUrl: string,
  scope: string,
  works: readonly Work[],
): Promise<readonly Work[]> {
  const entries = await entriesOn(serverUrl, scope, works)
  return works.filter((_, index) => entries[index]?.state !== 'succeeded')
}
