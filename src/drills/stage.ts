import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, type Children, makeChildren } from './children.ts'
import { type EffectRows, openEffectRows } from './effect-rows.ts'
import type { MutationSource } from './instance.ts'
import { type Peer, startPeer } from './peer/start.ts'
import { openStoreFromUrl } from '../stores/open.ts'
import type { WorkerConfig } from './worker-protocol.ts'

export interface StageOptions {
  readonly storeUrl: string
  /** Evidence goes here: peer.jsonl, processes.jsonl, events-*.jsonl. Made when absent. */
  readonly folder: string
  readonly leaseMs?: number
  readonly settleMs?: number
  readonly mutation?: MutationSource
}

/** What every drill needs: a store, a peer with its journal, a table for effects of the user's own, and processes. */
export interface Stage {
  readonly storeUrl: string
  readonly folder: string
  readonly leaseMs: number
  readonly settleMs: number
  readonly mutation?: MutationSource
  readonly children: Children
  readonly peer: Peer
  readonly rows: EffectRows
  /** A new number for each run on this stage: its keys are its own. */
  nextRun(): number
  /** Ends every process and closes every connection. Leaves the evidence and the store. */
  close(): Promise<void>
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { storeUrl, folder, mutation } = options
  mkdirSync(folder, { recursive: true })
  const children = makeChildren({
    processesPath: join(folder, 'processes.jsonl'),
    compileCachePath: join(folder, 'compile-cache'),
  })
  try {
    const store = await openStoreFromUrl(storeUrl)
    await store.open()
    await store.close()
    const rows = await openEffectRows(storeUrl)
    const peer = await startPeer(children, { journalPath: join(folder, 'peer.jsonl') })
    const { leaseMs = 300, settleMs = 1_500 } = options
    let runs = 0
    const close = async (): Promise<void> => {
      try {
        await peer.stop()
      } finally {
        await children.endAll()
        await rows.close()
      }
    }
    return {
      storeUrl,
      folder,
      leaseMs,
      settleMs,
      ...(mutation === undefined ? {} : { mutation }),
      children,
      peer,
      rows,
      nextRun: () => (runs += 1),
      close,
    }
  } catch (error) {
    await children.endAll()
    throw error
  }
}

/** What one worker is to do; store, peer and times are the stage's. */
export type WorkerSpec = Pick<
  WorkerConfig,
  'workload' | 'keys' | 'callers' | 'fault' | 'waitsForGo' | 'waitMs'
> & {
  readonly name: string
}

export function startWorker(stage: Stage, { name, ...spec }: WorkerSpec): Child {
  const { storeUrl, leaseMs, settleMs, mutation, peer, folder } = stage
  const config: WorkerConfig = {
    storeUrl,
    leaseMs,
    settleMs,
    peerPort: peer.port,
    eventsPath: join(folder, `events-${name}.jsonl`),
    ...(mutation === undefined ? {} : { mutation }),
    ...spec,
  }
  return stage.children.start({ role: 'worker', name, config })
}
