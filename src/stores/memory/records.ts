import type { Runtime } from '../../kernel/runtime.ts'
import type { Lineage, RecordStore, StoredRecord } from '../../ledger/store.ts'
import { type MemoryData, undoable } from './data.ts'

/** The generic group of the memory store. Stream and id are joined by NUL, which neither may hold. */
export function memoryRecords(
  data: () => MemoryData,
  runtime: Runtime,
  belongs: (named: Lineage | undefined) => void,
): RecordStore {
  const nowMs = (): number => Math.floor(runtime.wallMs())
  const inStream = (stream: string): [string, StoredRecord][] =>
    [...data().records]
      .filter(([name]) => name.startsWith(`${stream}\u0000`))
      .map(([name, row]) => [name, { stream, id: name.slice(stream.length + 1), ...row }])
  const put = (name: string, version: number, body: string): void => {
    undoable(data(), data().records, name)
    data().records.set(name, { version, atMs: nowMs(), body })
  }

  return {
    append: async (records) => {
      for (const { stream, id, body } of records) {
        const name = `${stream}\u0000${id}`
        if (!data().records.has(name)) put(name, 1, body)
      }
    },
    read: async ({ stream, after, limit }) =>
      inStream(stream)
        .map(([, record]) => record)
        .filter((record) => after === undefined || record.id > after)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit),
    replaceIf: async ({ stream, id, version, body, lineage }) => {
      belongs(lineage)
      const name = `${stream}\u0000${id}`
      if ((data().records.get(name)?.version ?? 0) !== version) return false
      put(name, version + 1, body)
      return true
    },
    prune: async ({ stream, olderThanMs, limit }) => {
      const cutMs = nowMs() - olderThanMs
      const old = inStream(stream)
        .filter(([, record]) => record.atMs < cutMs)
        .slice(0, limit)
      for (const [name] of old) {
        undoable(data(), data().records, name)
        data().records.delete(name)
      }
      return old.length
    },
    remove: async (records) => {
      for (const { stream, id } of records) {
        const name = `${stream}\u0000${id}`
        undoable(data(), data().records, name)
        data().records.delete(name)
      }
    },
  }
}
