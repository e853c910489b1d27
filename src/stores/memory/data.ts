import type { Entry } from '../../ledger/entry.ts'
import type { Lineage, MakeRecalling } from '../../ledger/store.ts'

/** The rows of one memory store. Several handles may share them, as several processes share a database. */
export interface MemoryData {
  readonly rows: Map<string, Entry>
  readonly records: Map<string, { version: number; atMs: number; body: string }>
  /** The lineage that stands, and the timeline on which it was begun. */
  lineage?: { readonly stands: Lineage; readonly timeline: number }
  /** Another number after a failover. */
  timeline: number
  /** Of data that can lose their latest writes (history.ts): how to undo each of them, in their order. */
  readonly undo?: (() => void)[]
  readonly recalling?: MakeRecalling
}

export function memoryData(): MemoryData {
  return { rows: new Map(), records: new Map(), timeline: 1 }
}

/** Notes how to undo the write of `key` that comes now, where the data can lose writes. */
export function undoable<V>({ undo }: MemoryData, map: Map<string, V>, key: string): void {
  if (undo === undefined) return
  const before = map.get(key)
  undo.push(() => void (before === undefined ? map.delete(key) : map.set(key, before)))
}
