import type { RecordStore } from '../../src/store.ts'
import type { Access } from './toy-store.ts'

/** The generic group beside the entries. */
export function toyRecords({ read, change, write }: Access): RecordStore {
  return {
    append: (added) =>
      change(({ records }) => {
        for (const { stream, id, body } of added) {
          const isThere = records.some((one) => one.stream === stream && one.id === id)
          if (!isThere) records.push({ stream, id, version: 1, atMs: Date.now(), body })
        }
      }),
    read: ({ stream, after, limit }) =>
      read(({ records }) =>
        records
          .filter((one) => one.stream === stream && (after === undefined || one.id > after))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))
          .slice(0, limit),
      ),
    replaceIf: ({ stream, id, version, body, lineage }) =>
      write(lineage, ({ records }) => {
        const at = records.findIndex((one) => one.stream === stream && one.id === id)
        if ((records[at]?.version ?? 0) !== version) return false
        const replaced = { stream, id, version: version + 1, atMs: Date.now(), body }
        records.splice(at === -1 ? records.length : at, 1, replaced)
        return true
      }),
    prune: ({ stream, olderThanMs, limit }) =>
      change(({ records }) => {
        const cutMs = Date.now() - olderThanMs
        const old = records.filter((one) => one.stream === stream && one.atMs < cutMs).slice(0, limit)
        for (const one of old) records.splice(records.indexOf(one), 1)
        return old.length
      }),
  }
}
