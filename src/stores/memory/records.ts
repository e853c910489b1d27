import type { Runtime } from '../../kernel/runtime.ts'
import type { RecordStore, StoredRecord } from '../../ledger/store.ts'

type Rows = Map<string, { version: number; atMs: number; body: string }>

/** The generic group of the memory store. Stream and id are joined by NUL, which neither may hold. */
export function memoryRecords(rows: Rows, runtime: Runtime): RecordStore {
  const nowMs = (): number => Math.floor(runtime.wallMs())
  const inStream = (stream: string): [string, StoredRecord][] =>
    [...rows]
      .filter(([name]) => name.startsWith(`${stream}\u0000`))
      .map(([name, row]) => [name, { stream, id: name.slice(stream.length + 1), ...row }])

  return {
    append: (records) => {
      for (const { stream, id, body } of records) {
        const name = `${stream}\u0000${id}`
        if (!rows.has(name)) rows.set(name, { version: 1, atMs: nowMs(), body })
      }
      return Promise.resolve()
    },
    read: ({ stream, after, limit }) =>
      Promise.resolve(
        inStream(stream)
          .map(([, record]) => record)
          .filter((record) => after === undefined || record.id > after)
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))
          .slice(0, limit),
      ),
    replaceIf: ({ stream, id, version, body }) => {
      const name = `${stream}\u0000${id}`
      if ((rows.get(name)?.version ?? 0) !== version) return Promise.resolve(false)
      rows.set(name, { version: version + 1, atMs: nowMs(), body })
      return Promise.resolve(true)
    },
    prune: ({ stream, olderThanMs, limit }) => {
      const cutMs = nowMs() - olderThanMs
      const old = inStream(stream)
        .filter(([, record]) => record.atMs < cutMs)
        .slice(0, limit)
      for (const [name] of old) rows.delete(name)
      return Promise.resolve(old.length)
    },
  }
}
