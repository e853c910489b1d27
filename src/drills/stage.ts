import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openStoreFromUrl, storeKindOf } from '../stores/open.ts'
import { type Child, type Children, makeChildren } from './children.ts'
import { type EffectRows, openEffectRows } from './effect-rows.ts'
import type { LedgerSettings } from './settings.ts'
import { type Peer, startPeer } from './peer/start.ts'
import type { TargetOptions } from './peer/target.ts'
import type { WorkerConfig } from './worker-protocol.ts'

/** Of the settings, `scope` is `drill` by default, `rowsTable` `drill_effects`, the lease 300 ms. */
export interface StageOptions extends Partial<LedgerSettings> {
  readonly storeUrl: string
  /** Evidence goes here: peer.jsonl, processes.jsonl, events-*.jsonl. Made when absent. */
  readonly folder: string
  readonly peer?: TargetOptions
}

const defaults = { scope: 'drill', rowsTable: 'drill_effects', leaseMs: 300, settleMs: 1_500 } as const

/** What every drill needs: a store, a peer with its journal, a table for effects of the user's own, and processes. */
export interface Stage {
  readonly storeUrl: string
  readonly folder: string
  readonly settings: LedgerSettings
  readonly children: Children
  readonly peer: Peer
  readonly rows: EffectRows
  /** The URL that workers connect to by default: their connections can be told from others. */
  readonly workerUrl: string
  /** A new number for each run on this stage: its keys are its own. */
  nextRun(): number
  /** Ends every process and closes every connection. Leaves the evidence and the store. */
  close(): Promise<void>
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { storeUrl, folder, peer: target, ...given } = options
  const settings: LedgerSettings = { ...defaults, ...given }
  mkdirSync(folder, { recursive: true })
  const compileCachePath = join(folder, 'compile-cache')
  const children = makeChildren({ processesPath: join(folder, 'processes.jsonl'), compileCachePath })
  const workers = `onceward-drill-worker-${randomBytes(4).toString('hex')}`
  try {
    const store = await openStoreFromUrl(storeUrl)
    await store.open()
    await store.close()
    const rows = await openEffectRows({ storeUrl, table: settings.rowsTable, workers })
    const peer = await startPeer(children, { journalPath: join(folder, 'peer.jsonl'), ...target })
    let runs = 0
    const close = async (): Promise<void> => {
      try {
        await peer.stop()
      } finally {
        await children.endAll()
        await rows.close()
        rmSync(compileCachePath, { recursive: true, force: true })
      }
    }
    return {
      storeUrl,
      folder,
      settings,
      children,
      peer,
      rows,
      workerUrl: namedUrl(storeUrl, workers),
      nextRun: () => (runs += 1),
      close,
    }
  } catch (error) {
    await children.endAll()
    throw error
  }
}

function namedUrl(storeUrl: string, name: string): string {
  if (storeKindOf(storeUrl) !== 'postgres') return storeUrl
  const url = new URL(storeUrl)
  url.searchParams.set('application_name', name)
  return url.href
}

/** What one worker is to do; peer and times are the stage's. */
export type WorkerSpec = Pick<
  WorkerConfig,
  'workload' | 'keys' | 'callers' | 'fault' | 'waitsForGo' | 'waitMs' | 'input' | 'padBytes' | 'clockOffsetMs'
> & {
  readonly name: string
  /** Where the way to the store or to the peer leads through a proxy. */
  readonly storeUrl?: string
  readonly peer?: WorkerConfig['peer']
}

export function startWorker(stage: Stage, { name, ...spec }: WorkerSpec): Child {
  const { workerUrl, settings, peer, folder } = stage
  const config: WorkerConfig = {
    storeUrl: workerUrl,
    settings,
    peer: peer.address,
    eventsPath: join(folder, `events-${name}.jsonl`),
    ...spec,
  }
  return stage.children.start({ role: 'worker', name, config })
}
